"""When a candidate may take a Lease: by its own clock alone, whatever others write."""

import itertools

import pytest

from deploytrail.kube.client import Object
from deploytrail.kube.lease import Seen, boottime, see


def lease(version: str, *, holder: str | None = "other", seconds: int | None = 15, renewed: str = "") -> Object:
    return {
        "metadata": {"resourceVersion": version},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": renewed},
    }


@pytest.mark.parametrize(
    ("holder", "waited", "free"),
    [
        ("other", 0.0, False),
        ("other", 14.9, False),
        ("other", 15.0, True),
        ("", 0.0, True),
        (None, 0.0, True),
        ("me", 0.0, True),
    ],
)
def test_a_lease_is_free_when_it_is_nobodys_ours_or_silent(holder: str | None, waited: float, free: bool) -> None:
    seen = see(lease("7", holder=holder), None, 100.0)

    assert seen.free_for("me", 100.0 + waited) is free


def test_what_did_not_change_was_seen_when_it_was_first_seen_so() -> None:
    first = see(lease("7"), None, 100.0)

    again = see(lease("7"), first, 114.0)

    assert again == first


def test_any_change_shows_that_its_holder_is_alive() -> None:
    first = see(lease("7"), None, 100.0)

    renewed = see(lease("8"), first, 114.0)

    assert renewed.since == 114.0
    assert not renewed.free_for("me", 128.9)
    assert renewed.free_for("me", 129.0)


@pytest.mark.parametrize("renewed", ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "nonsense"])
def test_a_clock_elsewhere_that_jumps_changes_nothing(renewed: str) -> None:
    seen = see(lease("7", renewed=renewed), None, 100.0)

    assert not seen.free_for("me", 114.9)
    assert seen.free_for("me", 115.0)


def test_a_lease_that_says_nothing_lasts_as_long_as_ours() -> None:
    assert see({"metadata": {"resourceVersion": "1"}}, None, 5.0) == Seen("1", "", 15.0, 5.0)
    assert see(lease("1", seconds=0), None, 5.0).seconds == 15.0


def test_our_clock_never_goes_back() -> None:
    readings = [boottime() for _ in range(100)]

    assert all(later >= earlier for earlier, later in itertools.pairwise(readings))
