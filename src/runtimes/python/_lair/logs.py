"""Log lines in the managed runtime's text and JSON forms."""

import json
import logging
import os
import sys
import time
import traceback

NO_BREAK_SPACE = "\u00a0"

# What lines say about the running invocation.
current = {"request_id": "", "tenant_id": None}


class LogHandler(logging.Handler):
    def emit(self, record):
        sys.stdout.write(self.format(record))


class LogFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = current["request_id"]
        record.tenant_id = current["tenant_id"]
        return True


DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
PLAIN_MEMBERS = frozenset(vars(logging.makeLogRecord({}))) | {"aws_request_id", "tenant_id", "message", "asctime"}


class JsonFormatter(logging.Formatter):
    """source: AWS Lambda dev guide "Log and monitor Python Lambda functions", JSON log format"""

    def __init__(self):
        super().__init__(datefmt=DATE_FORMAT)
        self.encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

    def format(self, record):
        level = min(50, max(0, record.levelno)) // 10 * 10
        is_object = isinstance(record.msg, dict) and not record.args
        line = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": logging.getLevelName(level),
            "message": record.msg if is_object else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            kind, error, trace = record.exc_info
            line["stackTrace"] = traceback.format_tb(trace)
            line["errorType"] = kind.__name__ if kind else None
            line["errorMessage"] = str(error)
        line["requestId"] = record.aws_request_id
        if record.exc_info:
            line["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        line["tenantId"] = record.tenant_id
        for name, value in vars(record).items():
            if name not in PLAIN_MEMBERS and name not in line:
                line[name] = value
        return self.encode({name: value for name, value in line.items() if value is not None}) + "\n"


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    handler = LogHandler()
    if is_json_format():
        handler.setFormatter(JsonFormatter())
    else:
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(LogFilter())
    logger = logging.getLogger()
    if level in logging._nameToLevel:
        logger.setLevel(level)
    logger.addHandler(handler)


def is_json_format():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def log_error(error, encoder):
    """One event: inner lines are joined by carriage returns, their indentation by no-break spaces."""
    if is_json_format():
        head = {"timestamp": time.strftime(DATE_FORMAT, time.gmtime()), "level": "ERROR"}
        sys.stdout.write(encoder.encode({**head, **error}) + "\n")
        return
    title = "[ERROR]"
    if error["errorType"]:
        title += " " + error["errorType"]
    if error["errorMessage"]:
        title += (":" if error["errorType"] else "") + " " + error["errorMessage"]
    lines = [title, "Traceback (most recent call last):"]
    for frame in error["stackTrace"]:
        lines += [hard_indent(line) for line in frame.splitlines()] or [""]
    sys.stdout.write("\r".join(lines) + "\n")


def hard_indent(line):
    text = line.lstrip(" ")
    return NO_BREAK_SPACE * (len(line) - len(text)) + text
