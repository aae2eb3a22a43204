"""Echo for the Python runtime interface client (awslambdaric)."""


def handler(event, context):
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError("python failed as asked")
    return {"runtime": "python", "event": event}
