"""How much is done to the stores in this run, and by which chance."""

import random
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from tests.durability.disk import Disk, why_no_disk


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Where ``store`` is asked for, the quicker one does when there is little time."""
    if "store" in metafunc.fixturenames:
        both = metafunc.config.getoption("durability") == "long"
        metafunc.parametrize("store", ["sqlite", "postgresql"] if both else ["sqlite"])


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """The same again with ``--seed``; what was killed is the same then, and nearly the same moment."""
    seed = request.config.getoption("seed")
    seed = random.randrange(1 << 32) if seed is None else seed
    print(f"again with --seed={seed}")
    return Random(seed)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk whose power can be cut, where this machine can make one."""
    reason = why_no_disk()
    if reason is not None:
        pytest.skip(reason)
    with Disk(megabytes=512) as mounted:
        yield mounted


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for more than a few rounds."""
    return bool(request.config.getoption("durability") == "long")


def some(chance: Random, faults: Sequence[str], *, rounds: int) -> list[str]:
    """So many of these in any order, each before any comes a second time."""
    drawn: list[str] = []
    while len(drawn) < rounds:
        drawn += chance.sample(faults, len(faults))
    return drawn[:rounds]
