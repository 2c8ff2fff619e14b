"""``deploytrail replay``: the tracker over recorded watch streams, with the clock of the streams.

In: files. Out: one line per record, as the operator would have stored it. Applications are told apart by their uid,
so one recording may be cut into several files, and recordings of several clusters may be read together. Each
Application has a clock of its own, which never goes back and, after the last line, goes on until nothing is awaited.
"""

import asyncio
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploytrail.errors import Rejected
from deploytrail.mapping.application import snapshot
from deploytrail.mapping.argocd import repo_url_of, report
from deploytrail.mapping.hivel import WORDS
from deploytrail.mapping.recording import Broken, Event, read
from deploytrail.mapping.rules import Rules
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import Deployment, Report
from deploytrail.record.query import Query
from deploytrail.record.rollout import Gap, Policy, Rollout, Step, lose, memo, observe, tick
from deploytrail.stores.memory import MemoryStore

Format = Literal["json", "table"]
DAWN = datetime.min.replace(tzinfo=UTC)
PAGE = 1000
COLUMNS = ("app", "environment", "version", "status", "trigger", "deployed_by", "start_time", "end_time", "reason")
PIPE_WIDTH = 200
"""Columns of a table that goes nowhere with a width of its own."""

STILL_RUNNING = "still running when the recording ends"


@dataclass(slots=True)
class _Clocked:
    """An Application with its own clock."""

    rollout: Rollout
    now: datetime
    wake_at: datetime | None = None


@dataclass(slots=True)
class Replay:
    """The operator's way from event to report, without a cluster."""

    rules: Rules = field(default_factory=Rules)
    policy: Policy = field(default_factory=Policy)
    watching_since: datetime | None = None
    """As for ``observe``: None makes the first sight of an Application its baseline."""
    gaps: list[Gap] = field(default_factory=list)
    _applications: dict[str, _Clocked] = field(default_factory=dict)
    _uids: dict[tuple[str, str], str] = field(default_factory=dict)

    def resume(self, rollout: Rollout, now: datetime) -> None:
        """Go on with an Application that an earlier replay left."""
        step = tick(rollout, now, self.policy)
        self._applications[rollout.uid] = _Clocked(step.rollout, now, step.wake_at)

    def begin(self) -> None:
        """Another file begins, perhaps of another cluster: the same name is not yet the same Application."""
        self._uids.clear()

    def feed(self, event: Event) -> Iterator[Report]:
        """Take in one event; first, time goes on to it. Rejected for an object that is no Application."""
        seen = snapshot(event.obj, self.rules, deleted=event.deleted)
        if seen is None:
            raise Rejected("an Application without a name or a uid", reason="missing-field", field="metadata")
        name = (seen.application.namespace, seen.application.name)
        former, uid = self._uids.get(name), seen.application.uid
        if former is not None and former != uid:
            yield from self._lose(former, event.at)
        self._uids[name] = uid
        clocked = self._applications.get(uid)
        if clocked is not None and event.at is not None:
            yield from self._pass(clocked, event.at)
        now = max(event.at or DAWN, clocked.now if clocked else DAWN)
        former_rollout = clocked.rollout if clocked else None
        step = observe(former_rollout, seen, now, self.policy, watching_since=self.watching_since)
        self._applications[uid] = _Clocked(step.rollout, now, step.wake_at)
        yield from self._reports(step, now)

    def finish(self) -> Iterator[Report]:
        """Nothing more happens: time goes on until every timer has fired."""
        for clocked in self._applications.values():
            yield from self._pass(clocked, None)

    def _pass(self, clocked: _Clocked, until: datetime | None) -> Iterator[Report]:
        while clocked.wake_at is not None and (until is None or clocked.wake_at <= until):
            clocked.now = max(clocked.now, clocked.wake_at)
            step = tick(clocked.rollout, clocked.now, self.policy)
            clocked.rollout, clocked.wake_at = step.rollout, step.wake_at
            yield from self._reports(step, clocked.now)

    def _lose(self, uid: str, at: datetime | None) -> Iterator[Report]:
        clocked = self._applications.pop(uid, None)
        if clocked is not None:
            now = max(at or DAWN, clocked.now)
            yield from self._pass(clocked, now)
            yield from self._reports(lose(clocked.rollout, now, self.policy), now)

    def _reports(self, step: Step, now: datetime) -> Iterator[Report]:
        for found in step.findings:
            if isinstance(found, Gap):
                self.gaps.append(found)
            else:
                yield report(found, self.rules, received_at=now)


def replay(
    files: Iterable[str | Path],
    *,
    format: Format = "json",  # noqa: A002 - the name of the option
    out: TextIO,
    err: TextIO,
    rules: Rules | None = None,
    policy: Policy | None = None,
) -> int:
    """Print what would have been recorded, ordered by Application and start; 1 when a line could not be used."""
    tracker = Replay(rules or Rules(), policy or Policy())
    deployments, complaints = asyncio.run(_run(tracker, [Path(file) for file in files]))
    for complaint in complaints:
        err.write(f"{complaint}\n")
    for gap in tracker.gaps:
        name = f"{gap.application.namespace}/{gap.application.name}"
        count = f"{gap.count}" if gap.exact else f"at least {gap.count}"
        err.write(f"{name}: {count} operations before history id {gap.before_id} were missed and are lost\n")
    rows = sorted(map(to_row, deployments), key=lambda row: (row["app"], row["start_time"], row["id"]))
    if format == "table":
        _print_table(rows, out)
    else:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return 1 if complaints else 0


def to_row(deployment: Deployment) -> dict[str, Any]:
    """One record as it is printed. Status in Hivel's words; repo_url as Argo CD names it, without credentials."""
    application, running = deployment.application, not deployment.status.terminal
    healthy_at = deployment.settled_at if WORDS.get(deployment.status) == "success" else None
    return {
        "app": f"{application.namespace}/{application.name}" if application else None,
        "product": deployment.product,
        "environment": deployment.environment,
        "version": deployment.version,
        "commit": deployment.commit,
        "status": WORDS.get(deployment.status, "unknown"),
        "start_time": _spell(deployment.started_at),
        "end_time": _spell(deployment.finished_at),
        "healthy_at": _spell(healthy_at),
        "deployed_by": deployment.deployed_by,
        "trigger": deployment.trigger.value if deployment.trigger else None,
        "partial": memo.partial(deployment),
        "counted": deployment.counted and not running,
        "repo_url": repo_url_of(memo.result(deployment)),
        "reason": STILL_RUNNING if running else deployment.reason,
        "revisions": list(application.revisions) if application else [],
        "images": list(deployment.images),
        "retries": memo.retries(deployment),
        "id": deployment.id,
    }


async def _run(tracker: Replay, files: list[Path]) -> tuple[list[Deployment], list[str]]:
    store, complaints = MemoryStore(), list[str]()
    for told in _tell(tracker, files, complaints):
        await store.record(told)
    deployments: list[Deployment] = []
    query = Query(limit=PAGE)
    while True:
        page = await store.find(query)
        deployments.extend(page.items)
        if page.next is None:
            return deployments, complaints
        query = query.model_copy(update={"before": page.next})


def _tell(tracker: Replay, files: list[Path], complaints: list[str]) -> Iterator[Report]:
    for file in files:
        try:
            tracker.begin()
            with _open(file) as lines:
                for item in read(lines):
                    yield from _tell_one(tracker, file, item, complaints)
        except OSError as error:
            complaints.append(f"{file}: {error.strerror}")
    yield from tracker.finish()


def _open(file: Path) -> TextIO:
    """The file as text: in UTF-8, or what its byte order mark says; Windows' tools write one, PowerShell UTF-16."""
    raw = file.open("rb")
    start = raw.peek(2)
    encoding = "utf-16" if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    return TextIOWrapper(raw, encoding=encoding, errors="replace")


def _tell_one(tracker: Replay, file: Path, item: Event | Broken, complaints: list[str]) -> Iterator[Report]:
    if isinstance(item, Broken):
        complaints.append(f"{file}:{item.line}: {item.why}")
        return
    try:
        yield from tracker.feed(item)
    except Rejected as refusal:
        complaints.append(f"{file}:{item.line}: {refusal.message}")


def _print_table(rows: list[dict[str, Any]], out: TextIO) -> None:
    table = Table(box=None)
    for column in COLUMNS:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if row[column] is None else Text(str(row[column])) for column in COLUMNS))
    Console(file=out, width=None if out.isatty() else PIPE_WIDTH).print(table)


def _spell(when: datetime | None) -> str | None:
    return to_rfc3339(when) if when else None
