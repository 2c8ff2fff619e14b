"""The connections that are open, and which of them goes when there is no room for one more."""

from collections import OrderedDict
from typing import Protocol

from deploytrail import telemetry


class Connection(Protocol):
    """What can be asked to go."""

    def give_up(self) -> None:
        """Close; nothing is under way."""


class Connections:
    """Those that wait for their client to ask go first, the longest waiting before all others.

    So whoever merely holds connections keeps nobody out, least of all the probes of the kubelet.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._busy: set[Connection] = set()
        self._idle: OrderedDict[Connection, None] = OrderedDict()

    def admit(self, connection: Connection) -> bool:
        """Take in a new one, idle as it is; False when all others are busy and it has to go itself."""
        if len(self._busy) + len(self._idle) >= self._most:
            if not self._idle:
                return False
            evicted, _ = self._idle.popitem(last=False)
            telemetry.HTTP_EVICTED.inc()
            evicted.give_up()
        self._idle[connection] = None
        return True

    def asked(self, connection: Connection) -> None:
        """A request has come in."""
        if connection in self._idle:
            del self._idle[connection]
            self._busy.add(connection)

    def answered(self, connection: Connection) -> None:
        """Nothing is under way any more."""
        if connection in self._busy:
            self._busy.remove(connection)
            self._idle[connection] = None

    def gone(self, connection: Connection) -> None:
        """It was closed."""
        self._busy.discard(connection)
        self._idle.pop(connection, None)
