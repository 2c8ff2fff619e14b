"""How the doctor asks."""

import asyncio

from deploytrail.doctor.looking import ASKED_AT_ONCE, allowed
from deploytrail.doctor.rights import Right
from deploytrail.kube.client import Kind, Kube, Object


class Permissive(Kube):
    """Allows everything, and knows how many questions it had at a time."""

    def __init__(self) -> None:
        self.open = self.most = 0

    async def create(self, kind: Kind, namespace: str, body: Object) -> Object:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return {"status": {"allowed": True}}


def test_rights_are_asked_for_a_few_at_a_time() -> None:
    kube, rights = Permissive(), [Right("", "secrets", "get", f"team-{number}") for number in range(40)]

    answered = asyncio.run(allowed(kube, rights, None))

    assert answered == rights
    assert kube.most == ASKED_AT_ONCE
