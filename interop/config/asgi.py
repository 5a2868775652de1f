"""The site of the table as an ASGI application, served by Hypercorn."""
import asyncio
import gzip
import hashlib
import os

from hypercorn.asyncio import serve
from hypercorn.config import Config

SITE = "{{site}}"
FIELDS = [
{{fields}}
]
PIECE = 65536


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    path = scope["path"]
    headers = [(b"content-type", b"text/plain")]
    if path == "/upload":
        digest = hashlib.sha256()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            digest.update(message.get("body", b""))
            more = message.get("more_body", False)
        await answer(send, 200, headers, digest.hexdigest().encode())
        return
    name = os.path.join(SITE, path.lstrip("/"))
    if not os.path.isfile(name):
        await answer(send, 404, headers, b"404: nothing here\n")
        return
    if path == "/fields":
        headers += FIELDS
    if path == "/push":
        await send({"type": "http.response.push", "path": "/pushed.txt", "headers": []})
    if path == "/page.html" and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b""):
        with open(name, "rb") as file:
            await answer(send, 200, headers + [(b"content-encoding", b"gzip")], gzip.compress(file.read()))
        return
    headers.append((b"content-length", str(os.path.getsize(name)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    with open(name, "rb") as file:
        while scope["method"] != "HEAD" and (piece := file.read(PIECE)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def answer(send, status, headers, body):
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


config = Config()
config.bind = ["127.0.0.1:{{port}}"]
config.certfile = "{{cert}}"
config.keyfile = "{{key}}"
config.graceful_timeout = 5
asyncio.run(serve(app, config))
