"""A server that takes what Versioner's Event Tracking API takes, by the letter of its document, and remembers it."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "dtk_0a1b2c3d_c2VjcmV0LW9mLXRoZS10ZXN0cw"

REQUIRED = {
    "/deployment-events/": ("product_name", "version", "environment_name", "status"),
    "/build-events/": ("product_name", "version", "status"),
}
OPTIONAL = (
    "scm_branch", "scm_sha", "scm_repository", "build_url", "build_number", "source_system", "invoke_id",
)  # fmt: skip
ACTOR = {"/deployment-events/": "deployed_by", "/build-events/": "built_by"}
STATUSES = {
    "pending": "pending", "queued": "pending", "scheduled": "pending",
    "started": "started", "in_progress": "started",
    "success": "completed", "completed": "completed",
    "failed": "failed", "failure": "failed", "error": "failed",
    "aborted": "aborted", "cancelled": "aborted", "skipped": "aborted",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    code: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Versioner:
    """Answers ``instead`` first, one of them a request; after that as the document says."""

    def __init__(self, *instead: Answer) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        """Path and body of what was accepted."""
        self.bodies: list[bytes] = []
        """Of every request, as they came."""
        self._instead = list(instead)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def statuses(self) -> list[str]:
        return [body["status"] for _, body in self.taken]

    def answer(self, path: str, key: str | None, content_type: str | None, content: bytes) -> Answer:
        self.bodies.append(content)
        if self._instead:
            return self._instead.pop(0)
        if path not in REQUIRED:
            return Answer(404, {"detail": "Not Found"})
        if key != f"Bearer {KEY}":
            return Answer(401, {"detail": "Invalid API key"})
        if content_type != "application/json":
            return Answer(400, {"detail": f"Content-Type {content_type!r} is not application/json"})
        try:
            body = json.loads(content)
        except ValueError as error:
            return Answer(400, {"detail": f"{error}"})
        problem = complaint(path, body)
        if problem is not None:
            return Answer(400, {"detail": problem})
        self.taken.append((path, body))
        return Answer(200, {"id": f"00000000-0000-0000-0000-{len(self.taken):012}", "status": STATUSES[body["status"]]})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        versioner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                headers = self.headers
                answer = versioner.answer(self.path, headers["Authorization"], headers["Content-Type"], content)
                self.reply(answer.code, answer.body, answer.headers)

            def do_GET(self) -> None:
                """Not in the document: which statuses were taken so far."""
                self.reply(200, versioner.statuses, {})

            def reply(self, code: int, body: object, headers: Mapping[str, str]) -> None:
                text = json.dumps(body).encode()
                self.send_response(code)
                for name, value in {"Content-Length": str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                pass

        return Handler


def complaint(path: str, body: Mapping[str, Any]) -> str | None:
    """What the document does not allow; stricter than a server that must be kind to clients of other versions."""
    for name in REQUIRED[path]:
        if not body.get(name):
            return f"Field '{name}' is required"
    texts = (*REQUIRED[path], *OPTIONAL, ACTOR[path])
    for name, value in body.items():
        if name == "extra_metadata":
            if not isinstance(value, dict):
                return "extra_metadata is not an object"
        elif name not in texts:
            return f"Field '{name}' is in no document"
        elif not isinstance(value, str) or not value:
            return f"Field '{name}' is not a text"
    return None if body["status"] in STATUSES else f"status {body['status']!r} is in no document"
