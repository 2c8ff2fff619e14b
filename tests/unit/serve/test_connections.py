"""Who goes when there is no room for one more connection."""

import pytest
from prometheus_client import REGISTRY

from deploytrail.serve.connections import Connections


class Peer:
    """A connection that knows whether it was closed."""

    def __init__(self, crowd: Connections) -> None:
        self.crowd = crowd
        self.closed = False
        self.admitted = crowd.admit(self)

    def give_up(self) -> None:
        self.closed = True


@pytest.fixture
def crowd() -> Connections:
    return Connections(3)


def evicted() -> float:
    return REGISTRY.get_sample_value("deploytrail_http_connections_evicted_total") or 0.0


def test_there_is_room_for_as_many_as_were_allowed(crowd: Connections) -> None:
    peers = [Peer(crowd) for _ in range(3)]

    assert [(peer.admitted, peer.closed) for peer in peers] == [(True, False)] * 3


def test_the_longest_idle_makes_room(crowd: Connections) -> None:
    before = evicted()

    peers = [Peer(crowd) for _ in range(5)]

    assert [peer.closed for peer in peers] == [True, True, False, False, False]
    assert all(peer.admitted for peer in peers)
    assert evicted() == before + 2


def test_who_was_answered_has_been_idle_since_then_only(crowd: Connections) -> None:
    peers = [Peer(crowd) for _ in range(3)]
    crowd.asked(peers[0])
    crowd.answered(peers[0])

    more = Peer(crowd)

    assert more.admitted
    assert [peer.closed for peer in peers] == [False, True, False]


def test_nobody_goes_while_a_request_is_under_way(crowd: Connections) -> None:
    peers = [Peer(crowd) for _ in range(3)]
    for peer in peers:
        crowd.asked(peer)

    refused = Peer(crowd)

    assert not refused.admitted
    assert not any(peer.closed for peer in peers)


def test_who_leaves_makes_room_idle_or_busy(crowd: Connections) -> None:
    peers = [Peer(crowd) for _ in range(3)]
    for peer in peers:
        crowd.asked(peer)

    crowd.gone(peers[1])

    assert Peer(crowd).admitted
    crowd.answered(peers[0])
    crowd.gone(peers[0])
    assert Peer(crowd).admitted
    assert not peers[2].closed


def test_who_was_refused_or_has_gone_is_not_taken_for_open(crowd: Connections) -> None:
    peers = [Peer(crowd) for _ in range(3)]
    for peer in peers:
        crowd.asked(peer)
    refused = Peer(crowd)

    for stranger in (refused, Peer(crowd)):
        crowd.asked(stranger)
        crowd.answered(stranger)
        crowd.gone(stranger)

    crowd.gone(peers[0])
    assert Peer(crowd).admitted
    assert not Peer(crowd).closed
