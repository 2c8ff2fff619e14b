"""What a store holds, read behind the server's back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from deploytrail.kube.forms import BUILD, DEPLOYMENT, Form
from deploytrail.kube.objects import from_object
from deploytrail.record.dora.judging import Rules
from deploytrail.record.event import Event
from deploytrail.record.model import Deployment, Record
from deploytrail.record.totals import Place, tally
from deploytrail.stores.sql.database import database_of
from deploytrail.stores.sql.recount import discrepancies
from deploytrail.stores.sql.rows import KINDS, from_document
from deploytrail.stores.sql.tables import OUTBOX, PAYLOADS, RECORDS, TOTALS
from tests.controlplane.cluster import Cluster


@dataclass(frozen=True)
class Holding:
    """Everything about one product."""

    records: tuple[Record, ...]
    bodies: tuple[str, ...]
    """Of every report that a record was made from, as it came."""
    outbox: tuple[Event, ...] | None
    """None where the record is its own outbox."""
    miscounted: tuple[str, ...] = ()
    """Where counts, of all products, and totals, of this one, are not what the records come to."""


async def in_database(url: str, product: str) -> Holding:
    """What a SQL store holds, in one transaction."""
    database = database_of(url)
    try:
        return await database.write(lambda connection: _rows(connection, product))
    finally:
        await database.close()


def _rows(connection: Connection, product: str) -> Holding:
    types = {kind: record for record, kind in KINDS.items()}
    ours = select(RECORDS.c.id).where(RECORDS.c.product == product)
    documents = connection.execute(select(RECORDS.c.kind, RECORDS.c.document).where(RECORDS.c.product == product))
    bodies = connection.scalars(select(PAYLOADS.c.body).where(PAYLOADS.c.record_id.in_(ours)))
    events = connection.execute(select(OUTBOX).where(OUTBOX.c.record_id.in_(ours)))
    records = tuple(from_document(row.document, types[row.kind]) for row in documents)
    return Holding(
        records,
        tuple(bodies),
        tuple(Event(row.event_type, row.record_id, row.position, row.heard_at) for row in events),
        (*discrepancies(connection, Rules()), *_miscounted(connection, product, records)),
    )


def _miscounted(connection: Connection, product: str, records: Iterable[Record]) -> Iterable[str]:
    """Where the totals of the product are not the sum of its deployments, none of which was ever removed."""
    due: dict[Place, dict[str, int]] = {}
    tally(due, (record for record in records if isinstance(record, Deployment)))
    kept: dict[Place, dict[str, int]] = {}
    for row in connection.execute(select(TOTALS).where(TOTALS.c.product == product, TOTALS.c.value != 0)):
        kept.setdefault(Place(row.product, row.environment), {})[row.name] = row.value
    for place in due.keys() | kept.keys():
        if due.get(place) != kept.get(place):
            yield f"the totals of {place} are {kept.get(place)}, and its deployments add up to {due.get(place)}"


async def in_cluster(cluster: Cluster, namespace: str, product: str) -> Holding:
    """What the Kubernetes store holds, as the API server tells it."""
    records = [record for form in (DEPLOYMENT, BUILD) for record in _objects(cluster, form, namespace, product)]
    bodies = (telling.body for record in records for telling in record.tellings)
    return Holding(tuple(records), tuple(body for body in bodies if body is not None), None)


def _objects(cluster: Cluster, form: Form[Any], namespace: str, product: str) -> Iterable[Record]:
    selector = f"--field-selector=spec.product={product}"
    found = cluster.get(form.kind.plural, "--namespace", namespace, selector)["items"]
    return [from_object(each, form, home=namespace) for each in found]
