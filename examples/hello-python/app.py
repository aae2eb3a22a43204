"""Answers with a greeting and says how often this environment was asked: globals survive warm invocations."""

count = 0


def handler(event, context):
    global count
    count += 1
    name = event.get("name", "world")
    print("Greeting", name)
    return {"message": f"Hello, {name}!", "count": count, "requestId": context.aws_request_id}
