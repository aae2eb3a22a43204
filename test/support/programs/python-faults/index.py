"""Fails on demand in every way that ends an environment, and counts in a global and in a file what survived."""
import os
import tempfile
import time

count = 0
path = os.path.join(tempfile.gettempdir(), "faults-count")


def handler(event, context):
    global count
    count += 1
    with open(path, "a") as file:
        file.write(".")
    print("asked to", event["do"])
    if event["do"] == "exit":
        os._exit(1)
    if event["do"] == "loop":
        while True:
            pass
    if event["do"] == "sleep":
        time.sleep(60)
    if event["do"] == "memory":
        kept = []
        while len(kept) < 128:
            kept.append(b"\x01" * (8 * 1024 * 1024))
        while True:
            pass
    return {"count": count, "file": os.path.getsize(path)}
