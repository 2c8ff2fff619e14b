"""The stores that the chart offers, each with all that it needs."""

from tests.node.installation import Installation
from tests.node.postgresql import Postgresql

STORES = ("kubernetes", "postgresql", "sqlite")


def provide(store: str, installation: Installation) -> tuple[str, ...]:
    """The values that choose the store. A database is started for it, where it is one, beside the product."""
    if store == "postgresql":
        database = Postgresql(installation)
        database.start()
        return database.values
    return (f'store.type="{store}"',)
