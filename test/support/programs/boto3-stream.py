"""InvokeWithResponseStream through boto3: what came, one JSON line per event."""
import json
import sys

import boto3

client = boto3.client("lambda", endpoint_url=sys.argv[1])
for payload in ({"count": 2, "plain": 1}, {"count": 1, "plain": 1, "fail": 1}):
    response = client.invoke_with_response_stream(
        FunctionName=sys.argv[2], Payload=json.dumps(payload), LogType="Tail"
    )
    print(json.dumps({"status": response["StatusCode"], "version": response["ExecutedVersion"]}))
    for event in response["EventStream"]:
        if "PayloadChunk" in event:
            print(json.dumps({"chunk": event["PayloadChunk"]["Payload"].decode()}))
        else:
            print(json.dumps(event))
