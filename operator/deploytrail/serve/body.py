"""A body as this room reads it: itself, because the framework would read all of it before it looks at the key."""

from fastapi import HTTPException, Request

LARGEST = 65_536
"""Bytes."""


async def receive(request: Request) -> bytes:
    """The whole body; 415 when it is of another type than JSON, 413 when it is too large."""
    media = request.headers.get("content-type", "").partition(";")[0]
    if media.strip().lower() != "application/json":
        raise HTTPException(415, "Content-Type must be application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, f"the body is larger than {LARGEST} bytes", headers={"Connection": "close"})
    return body
