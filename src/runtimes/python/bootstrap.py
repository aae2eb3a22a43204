"""Lair's own runtime client for Python 3.9 and newer: what runs in a function's process.

It needs the standard library only. The answer to one invocation and the request for the next leave in one write on one
socket. Started with `--wait` it is generic: it loads what it can, waits on its standard input for one line of JSON that
says which function it is, and goes on as if it had been started that way.

source: AWS Lambda dev guide "Building Lambda functions with Python"; awslambdaric 4.2, observed outputs
"""

import importlib
import json
import logging
import os
import sys
import time

from _lair import snapshot, workers
from _lair.context import LambdaContext
from _lair.encoder import Encoder
from _lair.errors import Fault, error_headers, fault_error, own_frames, raised_error
from _lair.logs import current, log_error, set_up_logging
from _lair.runtime_api import RuntimeApi

# The folder of this file is no place for a function's imports.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if path != HERE]

MAX_ASSIGNMENT_BYTES = 1024 * 1024
UNHANDLED_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. "
    "For functions using managed runtimes, runtime updates can be triggered by a function change, "
    "or can be applied automatically. To determine if the runtime has been updated, check the runtime version "
    "in the INIT_START log entry. If this error correlates with a change in the runtime version, you may be able to "
    "mitigate this error by temporarily rolling back to the previous runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)


def load_handler(name):
    """source: AWS Lambda dev guide "Define Lambda function handler in Python"; texts observed of awslambdaric 4.2"""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault("MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault("UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))


def initialise(api, encoder):
    try:
        return load_handler(os.environ.get("_HANDLER", ""))
    except Fault as fault:
        error, frames = fault_error(fault, ""), []
    except Exception:
        error, frames = raised_error(""), own_frames()
    logging.warning(UNHANDLED_WARNING)
    log_error(error, encoder)
    flush()
    api.post("/init/error", encoder.encode(error).encode("utf-8", "replace"), error_headers(error, frames))
    sys.exit(1)


def run_handler(handler, headers, body, encoder):
    """Returns path suffix, body, content type and further headers of what to post."""
    request_id = headers.get("lambda-runtime-aws-request-id", "")
    try:
        context = LambdaContext(headers)
        result = handler(to_event(headers, body), context)
        return ("/response",) + to_answer(result, encoder) + ("",)
    except Fault as fault:
        error, frames = fault_error(fault, request_id), []
    except Exception:
        error, frames = raised_error(request_id), own_frames()
    log_error(error, encoder)
    text = encoder.encode(error).encode("utf-8", "replace")
    return "/error", text, "application/json", error_headers(error, frames)


def to_event(headers, body):
    if headers.get("content-type") != "application/json":
        return bytes(body)
    try:
        return json.loads(body)
    except Exception as error:
        raise Fault("UnmarshalError", "Unable to unmarshal input: %s" % error)


def to_answer(result, encoder):
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return encoder.encode(result).encode("utf-8"), "application/json"
    except Exception as error:
        raise Fault("MarshalError", "Unable to marshal response: %s" % error)


def set_trace_id(trace_id):
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)


def become_assigned():
    """Wait for the line that says which function this is. A closed input ends the process."""
    data = b""
    while b"\n" not in data:
        part = os.read(0, 64 * 1024)
        if not part or len(data) > MAX_ASSIGNMENT_BYTES:
            os._exit(0)
        data += part
    assignment = json.loads(data.split(b"\n", 1)[0])
    # Set by the interpreter itself where the locale that LANG names is not installed.
    character_type = os.environ.get("LC_CTYPE")
    os.environ.clear()
    os.environ.update(assignment["environment"])
    if character_type is not None:
        os.environ.setdefault("LC_CTYPE", character_type)
    os.chdir(assignment["workingDirectory"])
    time.tzset()
    sys.argv[1:] = []
    if "--wait" in getattr(sys, "orig_argv", []):
        sys.orig_argv.remove("--wait")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def listen_for_debugger():
    """Before any code of the function is loaded, so that its breakpoints are known."""
    port = os.environ.pop("_LAIR_INSPECT_PORT", None)
    if port is None:
        return
    try:
        import debugpy
    except ImportError:
        note = "No debugger can be attached: debugpy is not there. Install it into the function's folder: pip install debugpy -t %s\n"
        os.write(2, (note % os.getcwd()).encode("utf-8"))
        return
    debugpy.listen(("127.0.0.1", int(port)))


def set_up_paths():
    """The code first, then what layers bring, then the interpreter's own. source: sys.path of the managed runtime"""
    paths = [os.environ.get("LAMBDA_TASK_ROOT") or os.getcwd()]
    layers = os.environ.pop("_LAIR_LAYERS_PATH", None)
    if layers:
        paths += [
            "%s/python/lib/python%d.%d/site-packages" % ((layers,) + tuple(sys.version_info[:2])),
            layers + "/python",
        ]
    sys.path[:0] = paths
    # What the runtime brings along, where nothing of the function's has that name.
    sys.path.append(os.path.join(HERE, "included"))


def set_up_output():
    """Lines leave as they are complete, the rest before each answer; text is UTF-8 whatever the machine's locale is."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def main():
    if "--wait" in sys.argv[1:]:
        become_assigned()
    set_up_paths()
    listen_for_debugger()
    set_up_output()
    set_up_logging()
    concurrency = workers.count()
    if concurrency > 1:
        workers.fork(concurrency)
    encoder = Encoder()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    handler = initialise(api, encoder)
    flush()
    if snapshot.is_asked_for():
        snapshot.pause(api, encoder)
        flush()
    headers, body = api.next()
    while True:
        request_id = headers.get("lambda-runtime-aws-request-id", "")
        current["request_id"] = request_id
        current["tenant_id"] = headers.get("lambda-runtime-aws-tenant-id")
        if concurrency == 1:
            set_trace_id(headers.get("lambda-runtime-trace-id"))
        suffix, answer, content_type, more = run_handler(handler, headers, body, encoder)
        # The event and its answer are not kept while the next event is awaited.
        body = None
        flush()
        headers, body = api.post_and_next("/invocation/" + request_id + suffix, answer, content_type, more)


if __name__ == "__main__":
    main()
