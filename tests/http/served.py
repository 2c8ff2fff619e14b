"""The endpoint as a process of its own: all that it writes is on its standard error, and what it kept comes out last.

``python -m tests.http.served STORE`` prints its port, serves until its standard input ends, and prints what it keeps.
"""

import asyncio
import json
import sys

from pydantic_core import to_jsonable_python

from deploytrail.keys.model import Scope
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.stores.memory import MemoryStore
from deploytrail.telemetry import configure_logging
from tests.fakes import StoreAway, StoreBroken, key
from tests.http.canaries import BOSS, CI, OPAQUE
from tests.http.endpoint import Endpoint
from tests.keys_in_memory import MemoryKeys

STORES = {"memory": MemoryStore, "away": StoreAway, "broken": StoreBroken}


def main(store: str) -> None:
    configure_logging(level="debug", style="json")
    boss = key(BOSS, name="boss", scopes=[Scope.ADMIN])
    given = (key(CI), key(OPAQUE, name="imported", scopes=list(Scope)), boss)
    ring = KeyRing(given)
    keys = MemoryKeys(ring, *given)
    with Endpoint(STORES[store](), ring=ring, keys=keys, rates=Rates(rate=1000, burst=100_000)) as endpoint:
        print(endpoint.port, flush=True)
        sys.stdin.read()
        asyncio.run(keys.keep_uses(ring.used))
        kept = {"keys": asyncio.run(keys.list()), "uses": keys.kept}
        if store == "memory":
            kept["deployments"] = endpoint.stored()
    print(json.dumps(to_jsonable_python(kept)))


if __name__ == "__main__":
    main(sys.argv[1])
