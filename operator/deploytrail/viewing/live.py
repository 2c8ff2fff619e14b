"""A table that follows what happens, until somebody has seen enough of it."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from deploytrail.errors import Unavailable
from deploytrail.viewing.client import Client, Params, Record
from deploytrail.viewing.kinds import DEPLOYMENTS, ENVIRONMENTS
from deploytrail.viewing.table import to_cell, to_table

PLACES_SHARE = 2
"""What runs where takes at most one part in so many of the screen."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be seen now."""

    running: tuple[Record, ...] = ()
    deployments: tuple[Record, ...] = ()
    problem: str | None = None


def scenes(
    reach: Callable[[], AbstractContextManager[Client]], params: Params, *, most: int, interval: float
) -> Generator[Scene, None, None]:
    """What is to be seen, again and again. While nobody answers it is what was seen last, with the reason.

    A way that was lost is looked for anew: a port that is forwarded ends with the pod it leads to.
    """
    seen = Scene()
    while True:
        try:
            with reach() as client:
                while True:
                    seen = _look(client, params, most=most)
                    yield seen
                    time.sleep(interval)
        except Unavailable as error:
            yield Scene(seen.running, seen.deployments, problem=str(error))
            time.sleep(interval)


def _look(client: Client, params: Params, *, most: int) -> Scene:
    running = client.whole(ENVIRONMENTS.path, params).items
    return Scene(running, client.list(DEPLOYMENTS.path, params, most=most).items)


def show(console: Console, seen: Iterator[Scene], *, most: int) -> None:
    """Draw each scene over the one before, on the whole screen."""
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        for scene in seen:
            live.update(_drawn(scene, height=console.size.height, most=most), refresh=True)


def tell(say: Callable[[str], None], seen: Iterator[Scene]) -> None:
    """Say each deployment once, and again when it moves: for pipes and logs, which are no screens."""
    told: dict[str, str] = {}
    complained: str | None = None
    columns = [column for column in DEPLOYMENTS.columns if column.form != "age" and not column.wide]
    for scene in seen:
        if scene.problem != complained and scene.problem is not None:
            say(f"# {scene.problem}")
        complained = scene.problem
        for each in reversed(scene.deployments):
            name, updated = str(each.get("id")), str(each.get("updated_at"))
            if told.get(name) != updated:
                told[name] = updated
                now = datetime.now(UTC)
                say("  ".join([updated, *(to_cell(column, each, now=now).plain for column in columns)]))


def _drawn(scene: Scene, *, height: int, most: int) -> Group:
    now = datetime.now(UTC)
    places = max(1, height // PLACES_SHARE - 4)
    hidden = len(scene.running) - places
    rest = max(1, min(most, height - min(len(scene.running), places) - 8))
    parts = [
        Text(f"Deploytrail  {now:%H:%M:%S} UTC  Ctrl-C ends", style="dim"),
        Text(),
        to_table(ENVIRONMENTS, scene.running[:places], now=now)
        if scene.running
        else Text("Nothing runs anywhere yet."),
        Text(f"and {hidden} more\n" if hidden > 0 else "", style="dim"),
        to_table(DEPLOYMENTS, scene.deployments[:rest], now=now) if scene.deployments else Text("No deployments yet."),
        Text(scene.problem or "", style="red"),
    ]
    return Group(*parts)
