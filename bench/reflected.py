"""An experiment: the operator with our own Reflector in kopf's place, for Applications only. No part of the product."""

import asyncio
from collections import deque
from pathlib import Path

from deploytrail import app, telemetry
from deploytrail.kube.client import APPLICATIONS, Kube, Object
from deploytrail.kube.operator import Seen, Watch, deliver
from deploytrail.kube.watch import Reflector
from deploytrail.settings import Settings, load


class InTurn:
    """Hands events over one at a time for each object, and those of different objects beside one another."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._waiting: dict[str, deque[tuple[str | None, Object]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, event_type: str | None, obj: Object) -> None:
        """Take an event; it may have to wait for those of the same object before it."""
        uid = obj["metadata"]["uid"]
        if uid in self._waiting:
            self._waiting[uid].append((event_type, obj))
            return
        self._waiting[uid] = deque([(event_type, obj)])
        task = asyncio.create_task(self._hand_over(uid))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_over(self, uid: str) -> None:
        waiting = self._waiting[uid]
        while waiting:
            await deliver(self._seen, *waiting.popleft())
        del self._waiting[uid]


class Reflected(app.App):
    """Everything as it is, but for one watch."""

    def _watches(self, kube: Kube) -> list[Watch]:
        return [watch for watch in super()._watches(kube) if watch.kind != APPLICATIONS]

    def _follow(self) -> "list[asyncio.Task[None]]":
        return [*super()._follow(), asyncio.create_task(self._reflect())]

    async def _reflect(self) -> None:
        assert self._kube is not None
        while not await self._can_record():
            await asyncio.sleep(0.1)
        turns = InTurn(self._applications.seen)
        reflector = Reflector(
            self._kube,
            APPLICATIONS,
            namespace=None,
            changed=lambda obj: turns.put(None, obj),
            removed=lambda obj: turns.put("DELETED", obj),
            listed=lambda uids, _: telemetry.WATCH_EVENTS.labels(APPLICATIONS.plural).inc(len(uids)),
        )
        await reflector.run()


async def _run(settings: Settings) -> int:
    kube = await Kube.connect(settings.kubeconfig)
    try:
        return await Reflected(settings, kube).run()
    finally:
        await kube.close()


def main(config: Path | None = None) -> int:
    settings = load({}, config)
    telemetry.configure_logging(level=settings.log_level, style=settings.log_format)
    app.tune_collector()
    return asyncio.run(_run(settings))


if __name__ == "__main__":
    main()
