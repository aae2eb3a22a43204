"""Errors on their way out: what the invoker gets, and what X-Ray is told."""

import json
import os
import sys
import traceback

MAX_CAUSE_BYTES = 64 * 1024
RUNTIME_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Fault(Exception):
    """A failure that the runtime itself names: `Runtime.ImportModuleError` and the like."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = "Runtime." + error_type
        self.message = message
        self.trace = trace or []


def fault_error(fault, request_id):
    return make_error(fault.message, fault.error_type, fault.trace, request_id)


def raised_error(request_id):
    """The exception that is being handled, without the runtime's own frames at its top."""
    kind, error, _ = sys.exc_info()
    return make_error(str(error), kind.__name__, traceback.format_list(own_frames()), request_id)


def make_error(message, error_type, trace, request_id):
    return {
        "errorMessage": message or "",
        "errorType": error_type or "",
        "requestId": request_id,
        "stackTrace": trace,
    }


def own_frames():
    frames = [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(sys.exc_info()[2])]
    for index, frame in enumerate(frames):
        if not frame[0].startswith(RUNTIME_FOLDER):
            return frames[index:]
    return frames


def error_headers(error, frames):
    """Headers that go with a posted error: its type, and the cause for X-Ray when it fits."""
    cause = json.dumps(
        {
            "working_directory": os.getcwd(),
            "exceptions": [
                {
                    "message": error["errorMessage"],
                    "type": error["errorType"],
                    "stack": [{"label": name, "path": path, "line": line} for path, line, name, _ in frames],
                }
            ],
            "paths": sorted({frame[0] for frame in frames}),
        }
    ).replace("\x7f", "\\u007f")
    kind = "".join(c if " " <= c <= "~" else "?" for c in error["errorType"])
    headers = "Lambda-Runtime-Function-Error-Type: %s\r\n" % kind
    if len(cause) <= MAX_CAUSE_BYTES:
        headers += "Lambda-Runtime-Function-XRay-Error-Cause: %s\r\n" % cause
    return headers
