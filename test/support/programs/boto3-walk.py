"""A function's whole life through boto3, as a user would write it. Reads the zip's path from argv, prints one JSON object a step."""
import base64
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, zip_path = sys.argv[1], sys.argv[2]
config = Config(retries={"max_attempts": 1})
client = boto3.client("lambda", endpoint_url=endpoint, config=config)
name = "boto3-walk"
role = "arn:aws:iam::000000000000:role/lambda"
with open(zip_path, "rb") as file:
    package = file.read()


def show(step, **values):
    print(json.dumps({"step": step, **values}, default=str), flush=True)


created = client.create_function(
    FunctionName=name,
    Runtime="nodejs24.x",
    Role=role,
    Handler="index.handler",
    Code={"ZipFile": package},
    Environment={"Variables": {"COLOUR": "blue"}},
    Tags={"team": "walk"},
)
show("create", state=created["State"], version=created["Version"], arn=created["FunctionArn"], sha=created["CodeSha256"])
client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

reply = client.invoke(FunctionName=name, LogType="Tail", Payload=json.dumps({"n": 1}))
show(
    "invoke",
    status=reply["StatusCode"],
    version=reply["ExecutedVersion"],
    body=json.load(reply["Payload"]),
    log=base64.b64decode(reply["LogResult"]).decode(),
)
accepted = client.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
dry = client.invoke(FunctionName=name, InvocationType="DryRun")
show("event", event=accepted["StatusCode"], dry=dry["StatusCode"])

updated = client.update_function_configuration(FunctionName=name, MemorySize=256, Description="second")
client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
show("configure", memory=updated["MemorySize"], revision=updated["RevisionId"] != created["RevisionId"])

one = client.publish_version(FunctionName=name)
same = client.publish_version(FunctionName=name)
alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion=one["Version"])
through = client.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
show("publish", version=one["Version"], same=same["Version"], alias=alias["AliasArn"], executed=through["ExecutedVersion"])

pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
show(
    "list",
    functions=[each["FunctionName"] for page in pages for each in page["Functions"]],
    versions=[each["Version"] for each in client.list_versions_by_function(FunctionName=name)["Versions"]],
    tags=client.list_tags(Resource=created["FunctionArn"])["Tags"],
)

client.delete_function(FunctionName=name)
try:
    client.get_function(FunctionName=name)
except ClientError as error:
    show("gone", code=error.response["Error"]["Code"], message=error.response["Error"]["Message"])
try:
    client.create_function(FunctionName=name, Runtime="nodejs24.x", Role="nonsense", Handler="h", Code={"ZipFile": package})
except ClientError as error:
    show("invalid", code=error.response["Error"]["Code"], message=error.response["Error"]["Message"])
