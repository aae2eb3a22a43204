"""Several invocations at once: one process each, made before the function is loaded, so that nothing is shared but the folders.

source: AWS Lambda dev guide "Python runtime for Lambda Managed Instances"
"""

import os
import signal
import sys

MAX_COUNT = 1600


def count():
    """How many are wanted; 1 unless the environment serves several invocations at once."""
    try:
        wanted = int(os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY", "1"))
    except ValueError:
        return 1
    return min(max(wanted, 1), MAX_COUNT)


def fork(number):
    """Return in each of so many children. The parent waits: when one of them ends all end, and it ends the same way."""
    children = []
    for _ in range(number):
        child = os.fork()
        if child == 0:
            return
        children.append(child)
    ended, status = os.wait()
    for child in children:
        if child != ended:
            os.kill(child, signal.SIGKILL)
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.waitstatus_to_exitcode(status))
