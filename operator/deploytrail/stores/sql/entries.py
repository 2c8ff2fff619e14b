"""What judging needs of a deployment, as the column ``entry`` of its row; its time and id are columns of their own.

An entry as it is kept knows only what its own record says. When its change began may be a build's to tell: that is
looked up whenever the entry is read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

import orjson

from deploytrail.record.dora.entry import Basis, Entry, Origin, Verdict, entry_of
from deploytrail.record.model import Deployment

Release: TypeAlias = tuple[str, str]
"""Product and version."""

_VERDICTS = {each.value: each for each in Verdict}
_BASES: Mapping[str | None, Basis | None] = {None: None, **{each.value: each for each in Basis}}


def own(deployment: Deployment) -> Entry | None:
    """The entry by what the deployment itself says."""
    told = deployment.committed_at
    return entry_of(deployment, Origin(told, Basis.COMMIT) if told is not None else None)


def to_entry(deployment: Deployment) -> str | None:
    """As the column holds it; None when DORA does not count it."""
    entry = own(deployment)
    if entry is None or entry.verdict is None:
        return None
    basis = entry.basis.value if entry.basis is not None else None
    said = (entry.verdict.value, entry.version, entry.rollback, entry.failure, entry.team, entry.lead, basis)
    return orjson.dumps(said).decode()


def from_entry(text: str, *, at: datetime, record_id: str) -> Entry:
    """The entry of a row."""
    verdict, version, rollback, failure, team, lead, basis = orjson.loads(text)
    return Entry(at, record_id, None, _VERDICTS[verdict], version, rollback, failure, team, lead, _BASES[basis])


def resolved(entry: Entry, origin: Origin | None) -> Entry:
    """The entry with what a build tells, where its record says nothing."""
    if entry.basis is not None or origin is None:
        return entry
    lead = int((entry.at - origin.at).total_seconds()) if origin.at <= entry.at else None
    return entry._replace(lead=lead, basis=origin.basis)
