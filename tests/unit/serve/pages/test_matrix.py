"""What runs where, as rows and columns."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.model import Status
from deploytrail.record.running import Latest, Running, Tried
from deploytrail.serve.pages.matrix import Cell, matrix
from tests.fakes import NOW


def runs(product: str, environment: str, version: str | None, *, hours: float = 1, **more: Any) -> Running:
    known = {"commit": None, "deployed_by": "alice", "deployment_id": f"{product}-{environment}"} | more
    return Running(
        product=product, environment=environment, version=version, since=NOW - timedelta(hours=hours), **known
    )


def tried(product: str, environment: str, version: str, status: Status) -> Tried:
    return Tried(product, environment, Latest("tried", version, status, NOW))


def cells(*running: Running, attempts: tuple[Tried, ...] = ()) -> dict[tuple[str, str], Cell]:
    made = matrix(running, attempts)
    return {(cell.product, cell.environment): cell for row in made.rows for cell in row.cells() if cell is not None}


@pytest.mark.parametrize(
    "given",
    [
        ["production", "staging", "development"],
        ["eu-prod", "eu-stage", "us-prod", "eu-dev"],
        ["PRODUCTION", "qa", "preprod", "test-2"],
    ],
)
def test_environments_stand_in_the_order_in_which_versions_go_through_them(given: list[str]) -> None:
    order = {
        "production": ("development", "staging", "production"),
        "eu-prod": ("eu-dev", "eu-stage", "eu-prod", "us-prod"),
        "PRODUCTION": ("qa", "test-2", "preprod", "PRODUCTION"),
    }

    assert matrix([runs("web", name, "1") for name in given], []).environments == order[given[0]]


def test_a_product_that_is_not_everywhere_leaves_a_hole() -> None:
    made = matrix([runs("web", "staging", "1"), runs("api", "production", "2")], [])

    assert [(row.product, [cell and cell.label for cell in row.cells()]) for row in made.rows] == [
        ("api", [None, "2"]),
        ("web", ["1", None]),
    ]


def test_what_is_not_the_newest_deployment_of_its_product_says_which_is() -> None:
    found = cells(
        runs("web", "staging", "2", hours=1), runs("web", "production", "1", hours=9), runs("api", "staging", "7")
    )

    assert found["web", "production"].differs_from == ("2", "staging")
    assert found["web", "staging"].differs_from is None
    assert found["api", "staging"].differs_from is None


def test_without_a_version_the_commit_tells_it_apart() -> None:
    found = cells(
        runs("web", "staging", None, commit="a" * 40), runs("web", "production", None, commit="b" * 40, hours=2)
    )

    assert (found["web", "staging"].label, found["web", "production"].differs_from) == (
        "aaaaaaa",
        ("aaaaaaa", "staging"),
    )


def test_the_last_attempt_is_shown_where_it_is_not_what_runs() -> None:
    failed = Latest("tried", "2", Status.FAILED, NOW)
    went_well = Latest("api-production", "1", Status.COMPLETED, NOW)
    found = cells(runs("web", "production", "1", latest=failed), runs("api", "production", "1", latest=went_well))

    assert found["web", "production"].attempt == failed
    assert found["api", "production"].attempt is None


def test_what_ran_before_anything_was_recorded_is_not_vacant() -> None:
    old = tried("web", "production", "0", Status.FAILED)

    assert cells(runs("web", "production", "1"), attempts=(old,))["web", "production"].attempt is None


def test_where_nothing_ever_ran_the_attempt_stands_alone() -> None:
    under_way = tried("web", "production", "1", Status.STARTED)

    cell = cells(attempts=(under_way,))["web", "production"]

    assert (cell.label, cell.attempt is not None and cell.attempt.status) == (None, Status.STARTED)


def test_what_is_in_progress_is_counted_by_place() -> None:
    going, over = Latest("x", "2", Status.STARTED, NOW), Latest("y", "2", Status.FAILED, NOW)
    running = [runs("web", "staging", "1", latest=going), runs("web", "production", "1", latest=over)]
    first = [tried("web", "test", "1", Status.PENDING), tried("api", "test", "1", Status.FAILED)]

    assert {row.product: row.open for row in matrix(running, first).rows} == {"web": 2, "api": 0}
