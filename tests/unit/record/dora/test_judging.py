"""The definitions of docs/dora.md, worked by hand: what the deployments of one place make of each other."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.counted import Uncounted
from deploytrail.record.dora.counting import Change, count
from deploytrail.record.dora.entry import Basis, Entry, Verdict, entry_of, origin_of, team_of
from deploytrail.record.dora.judging import Judgement, Rules, judge
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import Build, Deployment, Mark, Status, Trigger
from deploytrail.record.totals import Place
from tests.reports import NOON, build, report

HOUR = timedelta(hours=1)

OK, BAD, SICK = Verdict.LANDED, Verdict.FAILED, Verdict.DEGRADED


def entry(
    hour: float, version: str | None, verdict: Verdict = OK, *, back: bool = False, said: bool | None = None
) -> Entry:
    return Entry(NOON + hour * HOUR, f"d{hour}", None, verdict, version, back, said, None, None, None)


def shown(*entries: Entry, rules: Rules = Rules()) -> list[str]:  # noqa: B008 - frozen
    """Per deployment: failure, rework, hours until it recovered, and whether its version was new here."""
    return [_word(each) for each in judge(entries, rules)]


def _word(judgement: Judgement) -> str:
    failure, rework = judgement.failure or "-", judgement.rework or "-"
    recovered = judgement.recovered_at
    hours = f"{(recovered - judgement.entry.at) / HOUR:g}h" if recovered is not None else "-"
    return f"{failure} {rework} {hours} {'new' if judgement.first else 'old'}"


def test_a_failure_is_recovered_by_the_next_success_which_is_its_fix() -> None:
    assert shown(entry(0, "1"), entry(1, "2", BAD), entry(3, "3")) == ["- - - new", "failed - 2h old", "- fix - new"]


def test_every_failure_of_a_row_is_recovered_by_the_same_success() -> None:
    assert shown(entry(0, "1", BAD), entry(1, "2", SICK), entry(4, "3")) == [
        "failed - 4h old",
        "degraded fix 3h old",
        "- fix - new",
    ]


def test_what_comes_after_the_fix_window_is_no_rework() -> None:
    rules = Rules(fix_window=timedelta(hours=2))

    assert shown(entry(0, "1", BAD), entry(2, "2"), rules=rules)[1] == "- fix - new"
    assert shown(entry(0, "1", BAD), entry(2.1, "2"), rules=rules)[1] == "- - - new"


def test_a_rollback_marks_the_version_that_it_left() -> None:
    assert shown(entry(0, "1"), entry(1, "2"), entry(2, "1")) == [
        "- - - new",
        "rolled-back - 1h new",
        "- rollback - old",
    ]


def test_a_rollback_over_several_versions_marks_only_the_one_that_ran() -> None:
    assert shown(entry(0, "1"), entry(1, "2"), entry(2, "3"), entry(3, "1")) == [
        "- - - new",
        "- - - new",
        "rolled-back - 1h new",
        "- rollback - old",
    ]


def test_going_forward_again_is_no_rollback() -> None:
    assert shown(entry(0, "1"), entry(1, "2"), entry(2, "1"), entry(3, "2"))[2:] == ["- rollback - old", "- - - old"]


def test_the_same_version_again_is_neither_new_nor_a_rollback() -> None:
    assert shown(entry(0, "1"), entry(1, "1")) == ["- - - new", "- - - old"]


def test_back_after_a_failure_that_never_ran_marks_nothing_else() -> None:
    assert shown(entry(0, "1"), entry(1, "2", BAD), entry(2, "1")) == ["- - - new", "failed - 1h old", "- fix - old"]


def test_a_rollback_that_its_source_names_needs_no_version() -> None:
    assert shown(entry(0, None), entry(1, None, back=True)) == ["rolled-back - 1h new", "- rollback - old"]


def test_a_rollback_that_its_source_names_needs_nothing_before_it() -> None:
    assert shown(entry(0, "1", back=True)) == ["- rollback - old"]
    assert shown(entry(0, "2", BAD), entry(1, "1", back=True)) == ["failed - 1h old", "- rollback - old"]


def test_going_forward_again_after_many_of_the_same_is_no_rollback() -> None:
    again = [entry(3 + n, "1") for n in range(8)]

    found = shown(entry(0, "1"), entry(1, "2"), entry(2, "1"), *again, entry(11, "2"))

    assert found == ["- - - new", "rolled-back - 1h new", "- rollback - old", *["- - - old"] * 9]


def test_going_back_and_forth_each_way_back_is_a_rollback_and_no_way_forward() -> None:
    found = shown(*(entry(n, "12"[n % 2]) for n in range(30)))

    assert found[2:-1] == ["- rollback - old", "rolled-back - 1h old"] * 13 + ["- rollback - old"]
    assert found[-1] == "- - - old"


def test_only_the_ten_versions_that_ran_before_it_are_looked_at() -> None:
    between = [entry(n, f"v{n // 2}") for n in range(2, 20)]

    assert shown(entry(0, "1"), *between, entry(20, "1"))[-1] == "- rollback - old"
    assert shown(entry(0, "1"), *between, entry(20, "v10"), entry(21, "1"))[-1] == "- - - new"


def test_and_fifty_deployments_at_most() -> None:
    between = [entry(n, "2") for n in range(1, 50)]

    assert shown(entry(0, "1"), *between, entry(50, "1"))[-1] == "- rollback - old"
    assert shown(entry(0, "1"), *between, entry(50, "2"), entry(51, "1"))[-1] == "- - - new"


def test_a_person_says_that_it_was_a_failure() -> None:
    assert shown(entry(0, "1", said=True), entry(5, "2")) == ["marked - 5h new", "- fix - new"]


def test_a_person_says_that_it_was_none() -> None:
    assert shown(entry(0, "1"), entry(1, "2", said=False), entry(2, "1"))[1] == "- - - new"


def test_what_is_marked_does_not_recover_what_failed_before() -> None:
    assert shown(entry(0, "1", BAD), entry(1, "2", said=True), entry(3, "3")) == [
        "failed - 3h old",
        "marked fix 2h new",
        "- fix - new",
    ]


def test_a_failure_that_nothing_followed_lasts() -> None:
    assert shown(entry(0, "1"), entry(1, "2", BAD))[1] == "failed - - old"


def test_a_version_that_is_soon_replaced_failed_where_the_setting_says_so() -> None:
    rules = Rules(replace_window=timedelta(minutes=30))

    assert shown(entry(0, "1"), entry(0.5, "2"), rules=rules) == ["replaced - 0.5h new", "- fix - new"]
    assert shown(entry(0, "1"), entry(0.6, "2"), rules=rules) == ["- - - new", "- - - new"]
    assert shown(entry(0, "1"), entry(0.5, "1"), rules=rules)[0] == "- - - new"


def deployment(status: Status = Status.COMPLETED, marks: tuple[Mark, ...] = (), **more: Any) -> Deployment:
    made = decide(None, report(status=status, finished_at=NOON, **more)).record
    assert isinstance(made, Deployment)
    return made.model_copy(update={"marks": marks})


def said(failure: bool | None = None, counted: bool | None = None) -> tuple[Mark, ...]:
    return (Mark(at=NOON, by="ann", failure=failure, counted=counted),)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (deployment(), OK),
        (deployment(Status.FAILED), BAD),
        (deployment(Status.ABORTED), Uncounted.ABORTED),
        (deployment(Status.UNKNOWN), Uncounted.UNKNOWN),
        (deployment(counted=False), Uncounted.LEFT_OUT),
        (deployment(counted=False, marks=said(counted=True)), OK),
        (deployment(marks=said(counted=False)), Uncounted.EXCLUDED),
        (deployment(Status.UNKNOWN, marks=said(failure=True)), BAD),
        (deployment(Status.UNKNOWN, marks=said(failure=False)), OK),
        (deployment(Status.FAILED, marks=said(failure=False)), OK),
        (deployment(Status.STARTED), None),
    ],
)
def test_what_is_counted_and_as_what(record: Deployment, expected: object) -> None:
    found = entry_of(record, None)

    assert (found.uncounted or found.verdict if found is not None else None) == expected


def test_degraded_is_told_by_argo_cds_pair_of_words() -> None:
    failed = deployment(Status.FAILED)
    (telling,) = failed.tellings
    degraded = failed.model_copy(
        update={"tellings": (telling.model_copy(update={"raw_status": "Succeeded/Degraded"}),)}
    )

    found = entry_of(degraded, None)

    assert found is not None
    assert found.verdict is SICK


def built(hours: float, **more: Any) -> Build:
    made = decide(None, build(f"run{hours}", at=NOON + hours * HOUR, **more)).record
    assert isinstance(made, Build)
    return made


@pytest.mark.parametrize(
    ("record", "builds", "basis", "lead"),
    [
        (deployment(committed_at=NOON - 5 * HOUR), [built(-1)], Basis.COMMIT, 5),
        (deployment(), [built(-1, committed_at=NOON - 4 * HOUR)], Basis.COMMIT, 4),
        (deployment(), [built(-1), built(-3)], Basis.BUILD, 3),
        (deployment(), [built(-3, status=Status.FAILED), built(-1)], Basis.BUILD, 1),
        (deployment(), [], None, None),
        (deployment(committed_at=NOON + HOUR), [built(-1)], Basis.COMMIT, None),
        (deployment(version=None), [built(-1)], None, None),
    ],
)
def test_since_when_a_change_was_on_its_way(
    record: Deployment, builds: list[Build], basis: Basis | None, lead: float | None
) -> None:
    found = entry_of(record, origin_of(record, builds))

    assert found is not None
    assert (found.basis, found.lead) == (basis, lead * 3600 if lead is not None else None)


@pytest.mark.parametrize(
    ("metadata", "team"),
    [
        ({"team": "red"}, "red"),
        ({"deploytrail.dev/team": "blue"}, "blue"),
        ({"team": " ", "deploytrail.dev/team": "blue"}, "blue"),
        ({"team": 7}, None),
        ({}, None),
    ],
)
def test_the_team_is_what_the_metadata_say(metadata: dict[str, object], team: str | None) -> None:
    assert team_of(deployment(metadata=metadata)) == team


def test_counts_can_be_taken_away_again() -> None:
    change: Change = {}
    judgements = judge([entry(0, "1"), entry(1, "2", BAD), entry(2, "3")], Rules())

    count(judgements, Place("web", "production"), change)
    count(judgements, Place("web", "production"), change, -1)

    assert all(not counts for counts in change.values())


def test_a_rollback_is_told_by_its_trigger() -> None:
    found = entry_of(deployment(trigger=Trigger.ROLLBACK), None)

    assert found is not None
    assert found.rollback
