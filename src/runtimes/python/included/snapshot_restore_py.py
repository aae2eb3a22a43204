"""Hooks that run before a snapshot is taken and after it is restored: the module that managed Python runtimes bring along.

A package that brings its own comes first. The runtime reads both lists.

source: AWS Lambda dev guide "Lambda SnapStart runtime hooks for Python"
"""

__all__ = ["register_before_snapshot", "register_after_restore"]

_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    """Call `func` before the snapshot, the last registered first. Also a decorator."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """Call `func` after the restore, in order of registration. Also a decorator."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    """What the runtime calls, each with its arguments, from the end."""
    return _before_snapshot


def get_after_restore():
    """What the runtime calls, each with its arguments, from the start."""
    return _after_restore
