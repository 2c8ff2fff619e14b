"""The same server with a store that keeps nothing: ``python -m bench.unstored run …``. Never part of the product."""

from typing import Any

from deploytrail import app
from deploytrail.cli import main
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import AnyReport, R
from deploytrail.stores.base import Outcome, decided
from deploytrail.stores.memory import MemoryStore


class Nowhere(MemoryStore):
    """Judges a report as any store does, and forgets it."""

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        return decided(decide(None, report))


def nowhere(*_: Any, **__: Any) -> Nowhere:
    return Nowhere()


if __name__ == "__main__":
    app.create_store = nowhere  # type: ignore[attr-defined]
    main()
