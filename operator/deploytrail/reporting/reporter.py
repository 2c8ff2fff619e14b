"""One job's reports: what is known of it once, posted with each state it reaches."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from deploytrail.errors import Misconfigured
from deploytrail.remote.destination import Destination, find_destination, find_url
from deploytrail.reporting.body import Kind, build_body, describe
from deploytrail.reporting.facts import Facts, find
from deploytrail.reporting.sending import Patience, send
from deploytrail.reporting.statuses import Status

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says."""

    fields: Mapping[str, str | None] = field(default_factory=dict)
    """Field of facts → its flag; None where it was not given."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    metadata_file: Path | None = None
    url: str | None = None
    key_file: Path | None = None
    patience: Patience = field(default_factory=Patience)
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Reporter:
    """Tells of one deployment or build."""

    kind: Kind
    facts: Facts
    metadata: Mapping[str, Any]
    destination: Destination | None
    """None shows what would be sent, and sends nothing."""
    url: str
    """Where to; empty in a dry run that nobody told."""
    patience: Patience
    say: Say
    """What a person may want to read."""
    answer: Say
    """What a script may want to read: the record's id, or what would be sent."""
    transport: httpx.BaseTransport | None = None

    def tell(self, status: Status, more: Mapping[str, Any] | None = None) -> None:
        """Report that state, with more metadata. Raises Misconfigured, Rejected or Unavailable."""
        body = build_body(self.kind, self.facts, status, dict(more or {}) | dict(self.metadata))
        if self.destination is None:
            self.answer(json.dumps({"url": self.url + self.kind.path, "body": body}, indent=2, ensure_ascii=False))
            return
        recorded = send(
            self.destination,
            self.kind.path,
            body,
            patience=self.patience,
            note=self.say,
            transport=self.transport,
        )
        self.say(f"reported {describe(self.kind, body)}")
        self.answer(recorded)

    def with_invocation(self) -> "Reporter":
        """The same, with an id of its own where no system gave one, so that its states find each other."""
        if "invoke_id" in self.facts:
            return self
        return replace(self, facts={**self.facts, "invoke_id": f"exec-{uuid4()}"})


def prepare(kind: Kind, given: Given, variables: Mapping[str, str], *, say: Say, answer: Say) -> Reporter:
    """A reporter that has all it needs. Raises Misconfigured otherwise; a dry run needs no key and no server."""
    facts = find(given.fields, variables)
    build_body(kind, facts, "started", {})
    destination = None if given.dry_run else find_destination(given.url, given.key_file, variables)
    return Reporter(
        kind=kind,
        facts=facts,
        metadata=_metadata_in(given.metadata_file) | dict(given.metadata),
        destination=destination,
        url=(destination.url if destination else find_url(given.url, variables)) or "",
        patience=given.patience,
        say=say,
        answer=answer,
    )


def _metadata_in(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"the metadata file {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Misconfigured(f"the metadata file {file} is not JSON: {error}") from error
    if not isinstance(read, dict):
        raise Misconfigured(f"the metadata file {file} holds no JSON object")
    return read
