"""SnapStart: the function's hooks around the moment at which this process may be snapshotted.

source: AWS Lambda dev guide "Lambda SnapStart runtime hooks for Python"; awslambdaric 4.2
"""

import os
import sys

from _lair.errors import error_headers, own_frames, raised_error
from _lair.logs import log_error

BEFORE_FAILED = 64
AFTER_FAILED = 65


def is_asked_for():
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def pause(api, encoder):
    """Run the hooks before, wait for the restore, run the hooks after. A hook that fails ends the process."""
    try:
        run_before()
        api.restore_next()
    except Exception:
        fail(api, encoder, "/init/error", "Runtime.BeforeSnapshotError", BEFORE_FAILED)
    try:
        run_after()
    except Exception:
        fail(api, encoder, "/restore/error", "Runtime.AfterRestoreError", AFTER_FAILED)


def run_before():
    hooks = registry()
    waiting = hooks.get_before_snapshot() if hooks else []
    while waiting:
        func, args, kwargs = waiting.pop()
        func(*args, **kwargs)


def run_after():
    hooks = registry()
    for func, args, kwargs in hooks.get_after_restore() if hooks else []:
        func(*args, **kwargs)


def registry():
    """None when the function registers nothing: nobody has imported it."""
    return sys.modules.get("snapshot_restore_py")


def fail(api, encoder, path, kind, status):
    error, frames = raised_error(""), own_frames()
    log_error(error, encoder)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    headers = error_headers({**error, "errorType": kind}, frames)
    api.post(path, encoder.encode(error).encode("utf-8", "replace"), headers)
    sys.exit(status)
