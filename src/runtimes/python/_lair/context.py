"""The context object of an invocation, from the environment and the headers of `next`."""

import json
import os
import sys
import time

from .errors import Fault


class CognitoIdentity:
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]

    def __repr__(self):
        return describe(self)


class Client:
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]

    def __repr__(self):
        return describe(self)


class ClientContext:
    __slots__ = ["custom", "env", "client"]

    def __repr__(self):
        return describe(self)


def describe(value, names=None):
    members = ",".join("%s=%s" % (name, getattr(value, name)) for name in names or value.__slots__)
    return "%s([%s])" % (type(value).__name__, members)


def from_members(kind, members):
    if members is None:
        return None
    value = kind()
    for name in kind.__slots__:
        setattr(value, name, members.get(name))
    return value


class LambdaContext:
    """source: AWS Lambda dev guide "Using the Lambda context object to retrieve Python function information" """

    def __init__(self, headers):
        env = os.environ
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.log_group_name = env.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self.client_context = from_members(ClientContext, json_header(headers, "client-context", "Client Context"))
        if self.client_context is not None:
            self.client_context.client = from_members(Client, self.client_context.client)
        identity = json_header(headers, "cognito-identity", "Cognito Identity") or {}
        self.identity = CognitoIdentity()
        self.identity.cognito_identity_id = identity.get("cognitoIdentityId")
        self.identity.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))

    def get_remaining_time_in_millis(self):
        remaining = self._epoch_deadline_time_in_ms - int(time.time() * 1000)
        return remaining if remaining > 0 else 0

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        return describe(
            self,
            [
                "aws_request_id",
                "log_group_name",
                "log_stream_name",
                "function_name",
                "memory_limit_in_mb",
                "function_version",
                "invoked_function_arn",
                "client_context",
                "identity",
                "tenant_id",
            ],
        )


def json_header(headers, name, label):
    text = headers.get("lambda-runtime-" + name)
    if not text:
        return None
    try:
        return json.loads(text)
    except Exception as error:
        raise Fault("LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (label, error))
