"""Does what its event asks for, for the Python runtime interface client (awslambdaric)."""

import os
import time

if os.environ.get("INIT") == "fail":
    raise ValueError("python failed to start as asked")


def handler(event, context):
    asked = event if isinstance(event, dict) else {}
    if asked.get("fail"):
        raise ValueError("python failed as asked")
    if asked.get("do") == "exit":
        os._exit(7)
    if asked.get("do") == "sleep":
        time.sleep(asked["ms"] / 1000)
    if asked.get("do") == "context":
        return describe(context)
    return {"runtime": "python", "event": event}


def describe(context):
    identity = context.identity
    return {
        "requestId": context.aws_request_id,
        "functionArn": context.invoked_function_arn,
        "remainingMs": context.get_remaining_time_in_millis(),
        "custom": context.client_context.custom if context.client_context else None,
        "identity": [identity.cognito_identity_id, identity.cognito_identity_pool_id]
        if identity and identity.cognito_identity_id
        else None,
    }
