"""Reports deployments without end, and repeats each as documented until it is taken. Runs in a pod, with Python alone.

Told by the environment: URL, KEY, NAME, and KEEP=yes to keep its connection. Ends once /tmp/stop is there. Prints a
JSON line for each report that was taken: its number, when it was, and what had gone wrong before, and when.
"""

import http.client
import itertools
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PAUSE, LONGEST_WAIT = 0.1, 1.0
AGAIN = (429, 503)


class Refused(Exception):
    """An answer after which nobody would try again."""


def main() -> None:
    connection = http.client.HTTPConnection(*address(os.environ["URL"]), timeout=10)
    for number in itertools.count(1):
        if Path("/tmp/stop").exists():
            return
        failures = list(until_taken(connection, json.dumps(event(number)).encode()))
        print(json.dumps({"number": number, "taken_at": time.time(), "failures": failures}), flush=True)
        if os.environ.get("KEEP") != "yes":
            connection.close()
        time.sleep(PAUSE)


def address(url: str) -> tuple[str, int]:
    """Where it is, looked up once: the node's DNS is not what is tried, and a Service keeps its address."""
    parts = urlsplit(url)
    while True:
        try:
            return socket.gethostbyname(parts.hostname or ""), parts.port or 80
        except OSError:
            time.sleep(LONGEST_WAIT)


def until_taken(connection: http.client.HTTPConnection, body: bytes) -> Iterator[dict[str, Any]]:
    """Send it until it is taken; yields what went wrong and when."""
    headers = {"X-API-Token": os.environ["KEY"], "Content-Type": "application/json"}
    while True:
        wait = 0.2
        try:
            connection.request("POST", "/api/hooks/v2/deployment", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            yield {"at": time.time(), "what": f"{type(error).__name__}: {error}"}
        else:
            if answer.status == http.client.OK:
                return
            if answer.status not in AGAIN:
                raise Refused(f"{answer.status} {text}")
            wait = float(answer.headers.get("Retry-After", "1"))
            yield {"at": time.time(), "what": f"{answer.status} {text}"}
        time.sleep(min(wait, LONGEST_WAIT))


def event(number: int) -> dict[str, str]:
    return {
        "deployment_id": f"{os.environ['NAME']}-{number}",
        "event_type": "completed",
        "status": "success",
        "environment": "production",
        "start_time": "2026-03-02T12:00:00Z",
        "end_time": "2026-03-02T12:01:00Z",
        "repo_url": f"https://git.example.com/{os.environ['NAME']}/{number}",
        "branch": "main",
    }


main()
