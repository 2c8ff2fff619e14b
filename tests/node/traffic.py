"""Three clients that never cease to report, each in a pod of its own, and what became of all they were promised."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.node.images import TOOLS
from tests.node.installation import Installation
from tests.node.pods import as_json, pod
from tests.waiting import wait_until

CLIENTS = {"anna": "yes", "berta": "yes", "clara": "no"}
"""By name, whether it keeps its connection."""


@dataclass(frozen=True)
class Taken:
    """A report that was acknowledged."""

    sender: str
    product: str
    at: float
    """When its sender had the answer."""
    failures: tuple[dict[str, Any], ...]
    """What had gone wrong before, and when."""


class Traffic:
    """The clients of one installation."""

    def __init__(self, installation: Installation, key: str) -> None:
        self._installation = installation
        told = {"URL": installation.url, "KEY": key}
        self._pods = [
            pod(name, TOOLS, ["python", "/opt/sender.py"], told | {"NAME": f"{installation.name}-{name}", "KEEP": keep})
            for name, keep in CLIENTS.items()
        ]

    def start(self) -> None:
        """Returns once each of them has had a report taken."""
        self._installation.kubectl("apply", "-f", "-", input=as_json(*self._pods))
        wait_until(lambda: all(self._log(name) for name in CLIENTS), patience=90)

    def stop(self) -> list[Taken]:
        """Let them finish what they are at; returns all that was acknowledged."""
        for name in CLIENTS:
            self._installation.kubectl("exec", name, "--", "touch", "/tmp/stop")
        for name in CLIENTS:
            self._installation.kubectl(
                "wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", "--timeout=60s"
            )
        return self.taken()

    def taken(self) -> list[Taken]:
        """All that was acknowledged so far."""
        return [
            Taken(name, f"{self._installation.name}-{name}/{line['number']}", line["taken_at"], tuple(line["failures"]))
            for name in CLIENTS
            for line in map(json.loads, self._log(name))
        ]

    def await_taken(self) -> None:
        """Until each of them has had another report taken than so far."""
        counts = {name: len(self._log(name)) for name in CLIENTS}
        wait_until(lambda: all(len(self._log(name)) > count + 1 for name, count in counts.items()), patience=90)

    def _log(self, name: str) -> list[str]:
        return self._installation.kubectl("logs", name).splitlines()


def failures(taken: Iterable[Taken], since: float = 0) -> list[str]:
    """What went wrong with any of them."""
    return [
        f"{each.product}: {failure['what']}" for each in taken for failure in each.failures if failure["at"] >= since
    ]


def longest_pause(taken: Iterable[Taken], began: float, ended: float) -> float:
    """For how many seconds of that time one of the clients had no report taken."""
    times = {name: [began, ended] for name in CLIENTS}
    for each in taken:
        times[each.sender].append(each.at)
    return max(after - before for each in times.values() for before, after in pairwise(sorted(each)))


def not_once(taken: Iterable[Taken], products: Iterable[str]) -> dict[str, int]:
    """The acknowledged reports of which there is not exactly one record, and how many there are."""
    found = Counter(products)
    return {each.product: found[each.product] for each in taken if found[each.product] != 1}
