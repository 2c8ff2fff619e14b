"""What happened, day by day: deployments and notes in one list, and where deployments are known to be missing. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from deploytrail.record.model import Annotation, Deployment
from deploytrail.record.query import Page, happened_at, sort_key


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: a deployment or a note."""

    at: datetime
    deployment: Deployment | None = None
    note: Annotation | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day in UTC, newest entry first."""

    date: date
    entries: tuple[Entry, ...]


def days(deployments: Page[Deployment], notes: Page[Annotation]) -> list[Day]:
    """Newest day first. Notes older than the last deployment of a page that has a next one belong to that one."""
    last = deployments.next
    noted = [note for note in notes.items if last is None or sort_key(note) > last]
    entries = [Entry(happened_at(each), deployment=each) for each in deployments.items]
    entries += [Entry(note.created_at, note=note) for note in noted]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return [Day(day, tuple(those)) for day, those in groupby(entries, key=lambda entry: entry.at.date())]
