"""Secrets in each place where a client can put one, well meant or not: none of them may turn up in what we write."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx

from tests.http.endpoint import HIVEL_PATH, event, receive_all

OPAQUE = "hunter2-imported-from-elsewhere"
SHAPED = "dtk_ffffffff_bm90LXRvLWJlLXJlYWQtYnktYW55b25l"
CI = "dtk_0a1b2c3d_c2VjcmV0LW9mLXRoZS10ZXN0cw"
BOSS = "dtk_b055b055_b3NzLW9mLXRoZS10ZXN0cy0xMjM0NTY3"
SECRETS = (OPAQUE, SHAPED, CI, BOSS)
"""A key that was imported, one that is good for nothing, one that reports and reads, one that manages keys."""

KEYS = "/api/v1/keys"
PATHS = (HIVEL_PATH, "/api/v1/deployments", KEYS, "/docs", "/healthz", "/metrics")


def heads(secret: str) -> dict[str, str]:
    """Every header in which some API expects a key, and some in which none does."""
    return {
        "Authorization": f"Bearer {secret}",
        "Cookie": f"token={secret}",
        "Referer": f"https://ci.example.com/?auth_token={secret}",
        "User-Agent": secret,
        "X-API-Token": secret,
        "X-Workspace-Key": secret,
        "X-Forwarded-For": secret,
        f"X-{secret.replace('_', '-')}": secret,
    }


def plant(port: int) -> list[httpx.Response]:
    """Ask with every secret in every place; returns all that was answered."""
    answers: list[httpx.Response] = []
    for secret in SECRETS:
        for scheme in ("Bearer", "Token", "Basic", ""):
            headers = heads(secret) | {"Authorization": f"{scheme} {secret}".strip()}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10, verify=False) as client:
                answers += _anywhere(client, secret)
                answers += _reports(client, secret)
                answers += _questions(client, secret)
                answers += _orders(client, secret)
    return answers


def plant_raw(port: int) -> list[bytes]:
    """What is no request, or no whole one, with every secret in it; returns what is answered."""
    answers = []
    for secret in SECRETS:
        for sent in _torn(secret):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(sent.encode())
                connection.shutdown(socket.SHUT_WR)
                answers.append(receive_all(connection))
    return answers


def _anywhere(client: httpx.Client, secret: str) -> Iterator[httpx.Response]:
    for path in (*PATHS, f"/{secret}", f"{HIVEL_PATH}/{secret}"):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            yield client.request(method, path, params={"auth_token": secret, secret: secret})


def _reports(client: httpx.Client, secret: str) -> Iterator[httpx.Response]:
    for field in event():
        yield client.post(HIVEL_PATH, json=event(**{field: [secret]}))
        yield client.post(HIVEL_PATH, json=event(**{secret: secret, field: ...}))
    yield client.post(HIVEL_PATH, json=event(note=f"sent with {secret}", **{secret: secret}))
    yield client.post(HIVEL_PATH, json=event(logs_url=f"https://ci:{secret}@logs.example.com/1"))
    yield client.post(HIVEL_PATH, json=event(start_time=secret, **{secret: secret}))
    yield client.post(HIVEL_PATH, content=f'{{"a": "{secret}'.encode())
    yield client.post(HIVEL_PATH, content=secret, headers={"Content-Type": secret})
    yield client.post(HIVEL_PATH, json=event(), headers={"Content-Encoding": secret})


def _questions(client: httpx.Client, secret: str) -> Iterator[httpx.Response]:
    for name in ("product", "status", "since", "limit", "cursor", "counted", secret):
        yield client.get("/api/v1/deployments", params={name: secret})
    yield client.get(f"/api/v1/deployments/{secret}")
    yield client.get(f"/docs/{secret}")


def _orders(client: httpx.Client, secret: str) -> Iterator[httpx.Response]:
    order: dict[str, Any] = {"name": "new", "scopes": ["ingest"]}
    yield client.delete(f"{KEYS}/{secret}")
    yield client.post(KEYS, json=order | {"name": secret})
    yield client.post(KEYS, json=order | {secret: secret})
    for field in ("scopes", "apis", "workspace", "defaults", "expires"):
        yield client.post(KEYS, json=order | {field: {secret: secret}})
        yield client.post(KEYS, json=order | {field: [secret, 1]})
    yield client.post(KEYS, json=order | {"expires": secret})
    yield client.post(KEYS, content=f'{{"a": "{secret}'.encode(), headers={"Content-Type": "application/json"})


def _torn(secret: str) -> tuple[str, ...]:
    return (
        f"{secret}\r\n\r\n",
        f"GET /?auth_token={secret} HTTP/9.9\r\n\r\n",
        f"GET /healthz?auth_token={secret} HTTP/1.1\r\nHost: {secret}\r\nConnection: close\r\n\r\n",
        f"POST {HIVEL_PATH}?auth_token={secret} HTTP/1.1\r\nX-API-Token: {secret}\r\nContent-Length: 9\r\n\r\n",
        f"POST {HIVEL_PATH} HTTP/1.1\r\nX-API-Token: {secret}\r\nContent-Length: {secret}\r\n\r\n",
        f"POST {HIVEL_PATH}?{secret} HTTP/1.1\r\nX-Long: {secret * 600}\r\n\r\n",
        f"GET /{secret * 600} HTTP/1.1\r\n\r\n",
        f"GET /healthz HTTP/1.1\r\nX-API-Token: {secret}\r\n" + f"X: {secret}\r\n" * 200 + "\r\n",
        f"GET /healthz?{secret} HTTP/1.1\r\nConnection: upgrade, close\r\nUpgrade: {secret}\r\n\r\n",
        f"GET /%{secret} HTTP/1.1\r\nConnection: close\r\n\r\n",
        f"GET http://{secret}@127.0.0.1/ HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
