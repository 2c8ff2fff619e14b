"""An Application object, as the API server gives it, as a Snapshot. Never raises, whatever is in the object."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from sys import intern
from typing import Any, TypeVar

import orjson

from deploytrail.mapping.hivel import product_of
from deploytrail.mapping.lenient import instant, part, parts, text, texts, whole
from deploytrail.mapping.operations import read_history, read_hydrations, read_request, read_state
from deploytrail.mapping.repositories import normalise
from deploytrail.mapping.rules import Destination, Rules, environment_of
from deploytrail.record.rollout.snapshot import UNTUNED, Application, Snapshot, Subject, Tuning

PREFIX = "deploytrail.dev/"
"""Of the annotations and labels that are read: product, environment, version, settle, deadline, ignore,
track-partial. An annotation goes before a label. Deploytrail never writes to an Application."""

LONGEST_NAME = 512
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d))+")
_LONGEST = timedelta(days=365)

T = TypeVar("T")


def snapshot(obj: Mapping[str, Any], rules: Rules, *, deleted: bool = False) -> Snapshot | None:
    """What it says; None for an object without a name and a uid. ``deleted``: it came with a DELETED event."""
    metadata, status = part(obj, "metadata"), part(obj, "status")
    name, uid = text(metadata.get("name")), text(metadata.get("uid"))
    if name is None or uid is None:
        return None
    health, sync = part(status, "health"), part(status, "sync")
    operation, state = part(obj, "operation"), part(status, "operationState")
    wishes = _wishes(metadata)
    tuning, problems = _tuning(wishes)
    return Snapshot(
        application=Application(
            namespace=intern(text(metadata.get("namespace")) or "default"),
            name=name,
            uid=uid,
            instance=_interned(status.get("controllerNamespace")),
        ),
        subject=_subject(name, part(obj, "spec"), wishes, rules),
        tuning=tuning,
        created_at=instant(metadata.get("creationTimestamp")),
        generation=whole(metadata.get("generation")),
        deleting=deleted or bool(metadata.get("deletionTimestamp")),
        deleted=deleted,
        request=read_request(operation) if operation else None,
        state=read_state(state, obj) if state else None,
        reconciled_at=instant(status.get("reconciledAt")),
        health=_interned(health.get("status")),
        health_changed_at=instant(health.get("lastTransitionTime")),
        sync_status=_interned(sync.get("status")),
        sync_revisions=tuple(filter(None, texts(sync.get("revisions")) or texts([sync.get("revision")]))),
        history=read_history(status.get("history"), obj),
        images=tuple(filter(None, texts(part(status, "summary").get("images")))),
        hydrations=read_hydrations(part(status, "sourceHydrator")),
        problems=problems,
    )


def repositories(obj: Mapping[str, Any]) -> frozenset[str]:
    """The paths of the repositories it is deployed from, such as ``acme/shop``."""
    spec = part(obj, "spec")
    sources = (*parts(spec.get("sources")), part(spec, "source"), part(spec, "sourceHydrator", "drySource"))
    urls = (text(source.get("repoURL")) for source in sources)
    return frozenset(product_of(normalise(url)) for url in urls if url is not None)


def content(obj: Mapping[str, Any]) -> int | None:
    """A digest of all that it says but when it was last compared: most events bring nothing else.

    None when there is none to be had. ``status.resources``, the largest part of it, is read by nobody.
    """
    metadata, status = part(obj, "metadata"), part(obj, "status")
    said = (
        *(metadata.get(name) for name in ("name", "namespace", "deletionTimestamp", "labels", "annotations")),
        *(obj.get(name) for name in ("spec", "operation")),
        {name: value for name, value in status.items() if name not in ("reconciledAt", "resources")},
    )
    try:
        return hash(orjson.dumps(said))
    except TypeError:  # text or numbers that no API server writes
        return None


def _wishes(metadata: Mapping[str, Any]) -> dict[str, str]:
    wishes: dict[str, str] = {}
    for kind in ("labels", "annotations"):
        for key, value in part(metadata, kind).items():
            wish = text(value)
            if wish is not None and isinstance(key, str) and key.startswith(PREFIX):
                wishes[key.removeprefix(PREFIX)] = wish
    return wishes


def _subject(name: str, spec: Mapping[str, Any], wishes: Mapping[str, str], rules: Rules) -> Subject:
    destination = part(spec, "destination")
    environment = wishes.get("environment") or environment_of(
        Destination(
            name=text(destination.get("name")),
            server=text(destination.get("server")),
            namespace=text(destination.get("namespace")),
            project=text(spec.get("project")) or "default",
        ),
        rules,
    )
    return Subject(
        product=wishes.get("product", name)[:LONGEST_NAME],
        environment=intern(environment[:LONGEST_NAME]),
        version=wishes["version"][:LONGEST_NAME] if "version" in wishes else None,
        team=intern(wishes["team"][:LONGEST_NAME]) if "team" in wishes else None,
    )


def _tuning(wishes: Mapping[str, str]) -> tuple[Tuning, tuple[str, ...]]:
    problems: list[str] = []

    def read(name: str, parse: Callable[[str], T | None]) -> T | None:
        value = parse(wishes[name]) if name in wishes else None
        if value is None and name in wishes:
            problems.append(f"{PREFIX}{name}: {wishes[name][:LONGEST_NAME]!r} is not understood and has no effect")
        return value

    if not wishes:
        return UNTUNED, ()
    tuning = Tuning(
        settle=read("settle", parse_duration),
        deadline=read("deadline", parse_duration),
        track_partial=read("track-partial", _parse_bool),
        ignored=read("ignore", _parse_bool) or False,
    )
    return (UNTUNED if tuning == UNTUNED else tuning), tuple(problems)


def parse_duration(written: str) -> timedelta | None:
    """As Go writes it, with days besides: ``90s``, ``1h30m``, ``2d``. None for anything else, and beyond a year."""
    if not _DURATION.fullmatch(written):
        return None
    numbers = re.findall(r"([\d.]+)([a-z]+)", written)
    read = timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in numbers))
    return read if read <= _LONGEST else None


def _parse_bool(written: str) -> bool | None:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(written.lower())


def _interned(value: object) -> str | None:
    found = text(value)
    return intern(found) if found else None
