"""Candidates for one Lease on a real API server: one works at a time, whatever happens to them or to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest

from deploytrail.kube.client import LEASES, Kube, Stale
from deploytrail.kube.lease import Lease
from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane
from tests.waiting import until

FAST = {"duration": 2, "deadline": 1.2, "retry": 0.1}


class Shift:
    """Who works now, and whether two ever did."""

    def __init__(self) -> None:
        self.working: list[str] = []
        self.began: list[str] = []
        self.overlaps = 0

    def work(self, name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            self.overlaps += bool(self.working)
            self.working.append(name)
            self.began.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.working.remove(name)

        return work


class Candidate:
    """A candidate with a client of its own."""

    def __init__(self, name: str, kube: Kube, lease: Lease, shift: Shift) -> None:
        self.name, self.kube, self.lease = name, kube, lease
        self.task = asyncio.create_task(lease.run(shift.work(name)))

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


Enter = Callable[[str], Awaitable[Candidate]]
Act = Callable[[Enter, Shift], Awaitable[None]]


def play(cluster: Cluster, namespace: str, act: Act) -> Shift:
    shift = Shift()

    @asynccontextmanager
    async def candidates() -> AsyncIterator[Enter]:
        entered: list[Candidate] = []

        async def enter(name: str) -> Candidate:
            kube = await Kube.connect(cluster.kubeconfig)
            lease = Lease(kube, namespace=namespace, name="one", **FAST)  # type: ignore[arg-type]
            entered.append(Candidate(name, kube, lease, shift))
            return entered[-1]

        try:
            yield enter
        finally:
            for each in entered:
                await each.stop()
                await each.kube.close()

    async def scene() -> None:
        async with candidates() as enter:
            await act(enter, shift)

    asyncio.run(scene())
    assert shift.working == []
    assert shift.overlaps == 0
    return shift


def test_whoever_stops_hands_over(cluster: Cluster, namespace: str) -> None:
    async def act(enter: Enter, shift: Shift) -> None:
        first = await enter("first")
        await until(lambda: shift.working == ["first"])
        second = await enter("second")
        lease = await first.kube.get(LEASES, namespace, "one")
        assert lease is not None
        assert lease["spec"]["holderIdentity"] == first.lease.identity

        await first.stop()

        await until(lambda: shift.working == ["second"])
        lease = await second.kube.get(LEASES, namespace, "one")
        assert lease is not None
        assert lease["spec"]["holderIdentity"] == second.lease.identity
        assert lease["spec"]["leaseTransitions"] == 2  # to nobody, and on

    play(cluster, namespace, act)


def test_of_many_at_once_one_works_at_a_time_and_every_one_gets_its_turn(cluster: Cluster, namespace: str) -> None:
    names = {f"candidate-{n}" for n in range(5)}

    async def act(enter: Enter, shift: Shift) -> None:
        candidates = {name: await enter(name) for name in names}
        for _ in names:
            await until(lambda: len(shift.working) == 1)
            await candidates[shift.working[0]].stop()

    assert set(play(cluster, namespace, act).began) == names


def test_a_holder_that_vanished_is_followed_once_its_lease_has_run_out(cluster: Cluster, namespace: str) -> None:
    async def act(enter: Enter, shift: Shift) -> None:
        dead = await Kube.connect(cluster.kubeconfig)
        spec = {"holderIdentity": "dead", "leaseDurationSeconds": 1, "renewTime": "2999-01-01T00:00:00.000000Z"}
        await dead.create(LEASES, namespace, {"metadata": {"name": "one"}, "spec": spec})
        await dead.close()

        await enter("heir")

        await until(lambda: shift.working == ["heir"])

    play(cluster, namespace, act)


def test_another_name_in_it_ends_the_work_at_once(cluster: Cluster, namespace: str) -> None:
    async def act(enter: Enter, shift: Shift) -> None:
        first = await enter("first")
        await until(lambda: shift.working == ["first"])

        await write(first.kube, namespace, holder="usurper")

        await until(lambda: shift.working == [])
        assert not first.lease.held

    play(cluster, namespace, act)


def test_what_others_write_beside_its_name_is_no_reason_to_stop(cluster: Cluster, namespace: str) -> None:
    async def act(enter: Enter, shift: Shift) -> None:
        first = await enter("first")
        await until(lambda: shift.working == ["first"])

        for _ in range(5):
            version = await write(first.kube, namespace, holder=first.lease.identity)
            await until(partial(renewed, first.kube, namespace, version))

        assert shift.began == ["first"]
        assert first.lease.held

    play(cluster, namespace, act)


def test_a_lease_that_is_deleted_is_made_again(cluster: Cluster, namespace: str) -> None:
    async def act(enter: Enter, shift: Shift) -> None:
        first = await enter("first")
        await until(lambda: shift.working == ["first"])

        await first.kube.delete(LEASES, namespace, "one")

        await until(lambda: held_by(first, namespace))
        await until(lambda: shift.working == ["first"])

    play(cluster, namespace, act)


@pytest.mark.parametrize("how", ["hanging", "away"])
def test_without_the_api_server_nobody_works_and_with_it_one_does(
    control_plane: ControlPlane, namespace: str, how: str
) -> None:
    async def act(enter: Enter, shift: Shift) -> None:
        candidates = [await enter("one"), await enter("other")]
        await until(lambda: len(shift.working) == 1)

        control_plane.freeze_api() if how == "hanging" else control_plane.stop_api(kill=True)
        try:
            await until(lambda: shift.working == [])
            assert not any(each.lease.held for each in candidates)
        finally:
            control_plane.thaw_api() if how == "hanging" else await asyncio.to_thread(control_plane.start_api)

        await until(lambda: len(shift.working) == 1)

    play(control_plane, namespace, act)


def test_work_that_fails_is_told_and_the_lease_released(cluster: Cluster, namespace: str) -> None:
    async def work() -> None:
        raise ZeroDivisionError

    async def scene() -> None:
        kube = await Kube.connect(cluster.kubeconfig)
        with pytest.raises(ZeroDivisionError):
            await Lease(kube, namespace=namespace, name="one").run(work)
        lease = await kube.get(LEASES, namespace, "one")
        await kube.close()
        assert lease is not None
        assert lease["spec"].get("holderIdentity", "") == ""

    asyncio.run(scene())


async def write(kube: Kube, namespace: str, *, holder: str) -> str:
    """Somebody else writes the Lease; returns its version then."""
    while True:
        lease = await kube.get(LEASES, namespace, "one")
        assert lease is not None
        lease["spec"]["holderIdentity"] = holder
        lease["metadata"].setdefault("annotations", {})["example.com/n"] = lease["metadata"]["resourceVersion"]
        with suppress(Stale):
            written = await kube.replace(LEASES, namespace, "one", lease)
            return str(written["metadata"]["resourceVersion"])


async def renewed(kube: Kube, namespace: str, version: str) -> bool:
    lease = await kube.get(LEASES, namespace, "one")
    return lease is not None and lease["metadata"]["resourceVersion"] != version


async def held_by(candidate: Candidate, namespace: str) -> bool:
    lease = await candidate.kube.get(LEASES, namespace, "one")
    return lease is not None and lease["spec"]["holderIdentity"] == candidate.lease.identity
