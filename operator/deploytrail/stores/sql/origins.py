"""When changes began their way, as builds tell it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import orjson
from sqlalchemy import Connection

from deploytrail.record.dora.entry import Origin, origin_of_builds
from deploytrail.record.model import Build
from deploytrail.stores.sql.account_statements import account_statements
from deploytrail.stores.sql.entries import Release
from deploytrail.stores.sql.rows import from_document

Told: TypeAlias = dict[str, Build]
"""The builds of one release, by id."""


def read_told(connection: Connection, releases: Iterable[Release]) -> dict[Release, Told]:
    """The builds of these releases as they are kept."""
    wanted = sorted(set(releases))
    if not wanted:
        return {}
    rows = orjson.dumps([{"product": product, "version": version} for product, version in wanted]).decode()
    say = account_statements(connection.dialect.name)
    told: defaultdict[Release, Told] = defaultdict(dict)
    for row in connection.execute(say.builds_of, {"rows": rows}):
        told[row.product, row.version][row.id] = from_document(row.document, Build)
    return told


def origin_by(told: Mapping[Release, Told], release: tuple[str, str | None]) -> Origin | None:
    """What the builds of a release come to."""
    product, version = release
    if version is None:
        return None
    builds = told.get((product, version))
    return origin_of_builds(builds.values()) if builds else None
