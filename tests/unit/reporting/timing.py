"""A clock that only pauses move, and a server that answers what it is told to."""

from collections.abc import Iterable

import httpx

from deploytrail.reporting.sending import Patience

Reaction = httpx.Response | httpx.RequestError


class FakeTime:
    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def patience(self, seconds: float = 30.0, *, chance: float = 1.0) -> Patience:
        return Patience(seconds=seconds, clock=self.clock, pause=self.pause, chance=lambda: chance)


class FakeServer(httpx.BaseTransport):
    """Reacts in this order; the last reaction goes on for ever."""

    def __init__(self, *reactions: Reaction) -> None:
        self._reactions = list(reactions)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        reaction = self._reactions.pop(0) if len(self._reactions) > 1 else self._reactions[0]
        if isinstance(reaction, httpx.RequestError):
            raise reaction
        return reaction

    @property
    def bodies(self) -> Iterable[bytes]:
        return [request.content for request in self.requests]


def recorded(id_: str = "550e8400-e29b-41d4-a716-446655440000") -> httpx.Response:
    return httpx.Response(200, json={"id": id_, "status": "completed"})
