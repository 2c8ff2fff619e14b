"""Which record a report belongs to when its sender has no ids: what was told before, and what is told now."""

from datetime import datetime, timedelta

import pytest

from deploytrail.record.admission import MOST_REPORTS
from deploytrail.record.identity import attempt_id, quanta_series, versioner_series, vibemonitor_series
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import Deployment, Report, Series, Status
from deploytrail.record.series import LOOK_BACK, REPLAY_WINDOW, aim, earlier_of, is_over
from tests.reports import NOON, report, stated

SERIES = versioner_series(product="web", version="1.2.3", environment="production")
REPOSITORY = vibemonitor_series(workspace="", environment="production", repository="acme/web")
PENDING, STARTED, COMPLETED, FAILED = Status.PENDING, Status.STARTED, Status.COMPLETED, Status.FAILED
SOON = NOON + timedelta(seconds=30)
LATER = NOON + REPLAY_WINDOW


def told(*states: tuple[Status, datetime, str], series: Series = SERIES) -> Deployment:
    """The newest record after these reports, told one after the other."""
    newest: Deployment | None = None
    for status, at, content in states:
        aimed = aim(stated(series, status, at=at, content=content), newest)
        newest = decide(newest if newest and aimed.id == newest.id else None, aimed).record
    assert newest is not None
    return newest


def number(newest: Deployment | None, asked: Report) -> int:
    aimed = aim(asked, newest)
    assert aimed.attempt is not None
    assert asked.series is not None
    assert aimed.id == attempt_id(asked.series, aimed.attempt.number)
    return aimed.attempt.number


def numbers(*asked: Report) -> list[int]:
    """The records that the reports make, told one after the other and with all of them known."""
    made: dict[str, Deployment] = {}
    newest, found = None, []
    for each in asked:
        aimed = aim(each, newest, earlier_of(each, newest, made.get, window=REPLAY_WINDOW))
        assert aimed.attempt is not None
        found.append(aimed.attempt.number)
        made[aimed.id] = decide(made.get(aimed.id), aimed).record
        newest = max(made.values(), key=lambda record: record.attempt.number if record.attempt else 0)
    return found


def test_a_report_with_an_id_of_its_own_passes_as_it_is() -> None:
    own = report()

    assert aim(own, None) is own


def test_the_first_report_of_a_series_begins_its_first_record() -> None:
    assert number(None, stated(SERIES)) == 1


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=3)])
def test_c085_whatever_is_told_while_a_record_is_open_joins_it(status: Status, after: timedelta) -> None:
    newest = told((PENDING, NOON, ""), (STARTED, NOON, ""))

    assert number(newest, stated(SERIES, status, at=NOON + after, content="other")) == 1


@pytest.mark.parametrize(
    ("status", "content", "at", "attempt"),
    [
        pytest.param(COMPLETED, "", SOON, 1, id="c090 the same verdict in the same words is a replay"),
        pytest.param(STARTED, "", SOON, 1, id="c017 the start sent again is a replay"),
        # Of Versioner's clients only: Vibe Monitor's often report ends alone, and two of theirs were lost into one.
        pytest.param(FAILED, "", SOON, 1, id="c090 another verdict soon after is a second one"),
        pytest.param(COMPLETED, "other", SOON, 1, id="c090 the same verdict in other words is a second one"),
        pytest.param(STARTED, "other", SOON, 2, id="c091 a start in other words is the next"),
        pytest.param(PENDING, "", SOON, 2, id="c091 a state that was not told before is the next"),
        pytest.param(COMPLETED, "", LATER, 2, id="c091b the same verdict after the window is the next"),
        pytest.param(STARTED, "", LATER, 2, id="c091b the same start after the window is the next"),
        pytest.param(FAILED, "", LATER, 2, id="c091 another verdict after the window is the next"),
        pytest.param(COMPLETED, "", LATER - timedelta(microseconds=1), 1, id="c091b the window ends when it is over"),
    ],
)
def test_what_follows_a_record_that_is_over(status: Status, content: str, at: datetime, attempt: int) -> None:
    newest = told((STARTED, NOON, ""), (COMPLETED, NOON, ""))

    assert number(newest, stated(SERIES, status, at=at, content=content)) == attempt


@pytest.mark.parametrize(
    ("happened", "attempt"),
    [
        pytest.param(NOON - timedelta(days=1), 2, id="c091 one of another day is another deployment's"),
        pytest.param(NOON + timedelta(days=1), 2, id="c091 in either direction"),
        pytest.param(NOON - REPLAY_WINDOW, 1, id="c090 one within the window is a second verdict"),
        pytest.param(NOON + REPLAY_WINDOW, 1, id="c090 in either direction, too"),
    ],
)
def test_the_senders_own_time_tells_whose_end_another_end_is(happened: datetime, attempt: int) -> None:
    first = decide(None, aim(stated(SERIES, at=NOON, received_at=LATER), None)).record

    other = stated(SERIES, at=happened, received_at=LATER + timedelta(seconds=1), content="other")

    assert number(first, other) == attempt


def test_c090_any_end_may_be_the_one_that_another_is_near() -> None:
    at = [NOON, NOON + timedelta(minutes=9), NOON + timedelta(minutes=18), NOON + timedelta(minutes=30)]

    told_at_once = [stated(SERIES, at=each, received_at=LATER, content=str(each)) for each in at]

    assert numbers(*told_at_once) == [1, 1, 1, 2]


def test_c090_an_end_without_a_time_of_its_own_is_not_far_from_one_that_has_one() -> None:
    first = decide(None, aim(stated(SERIES, at=NOON - timedelta(days=1), received_at=NOON), None)).record

    assert number(first, stated(SERIES, FAILED, at=SOON)) == 1


@pytest.mark.parametrize(
    ("status", "content", "at", "attempt"),
    [
        pytest.param(COMPLETED, "", SOON, 1, id="c091b the same end in the same words is a replay"),
        pytest.param(STARTED, "", SOON, 1, id="c017 the start sent again is a replay"),
        pytest.param(FAILED, "", SOON, 2, id="another verdict is the next deployment's"),
        pytest.param(COMPLETED, "other", SOON, 2, id="the same verdict in other words is the next deployment's"),
        pytest.param(COMPLETED, "", LATER, 2, id="c091b the same verdict after the window is the next"),
    ],
)
def test_what_follows_an_end_where_senders_report_ends_only(
    status: Status, content: str, at: datetime, attempt: int
) -> None:
    newest = told((STARTED, NOON, ""), (COMPLETED, NOON, ""), series=REPOSITORY)

    assert number(newest, stated(REPOSITORY, status, at=at, content=content)) == attempt


@pytest.mark.parametrize("end", [COMPLETED, FAILED, Status.ABORTED])
def test_c152_an_end_is_joined_to_its_start_there_too(end: Status) -> None:
    newest = told((PENDING, NOON, ""), (STARTED, SOON, ""), series=REPOSITORY)

    assert number(newest, stated(REPOSITORY, end, at=NOON + timedelta(days=3))) == 1


def test_c089_a_late_start_is_late_there_too() -> None:
    newest = told((COMPLETED, SOON, ""), series=REPOSITORY)

    assert number(newest, stated(REPOSITORY, STARTED, at=NOON, received_at=SOON)) == 1


def test_c017_a_replay_of_an_end_is_known_after_the_next_one() -> None:
    ends = [stated(REPOSITORY, at=NOON, content=each) for each in "abcabcba"]

    assert numbers(*ends) == [1, 2, 3, 1, 2, 3, 2, 1]


def test_c091b_and_no_longer_once_the_window_is_over() -> None:
    times = [NOON, SOON, LATER - timedelta(seconds=1), LATER]

    ends = [stated(REPOSITORY, at=at, content=each) for at, each in zip(times, "abaa", strict=True)]

    assert numbers(*ends) == [1, 2, 1, 3]


def test_c085_an_end_belongs_to_what_was_begun_though_it_was_said_before() -> None:
    states = [stated(SERIES), stated(SERIES, STARTED, content="next"), stated(SERIES), stated(SERIES)]

    assert numbers(*states) == [1, 2, 2, 2]


def test_no_more_records_are_looked_through_than_clients_tell_at_once() -> None:
    ends = [stated(REPOSITORY, content=str(n)) for n in range(LOOK_BACK + 2)]

    assert numbers(*ends, ends[1], ends[0])[-2:] == [2, LOOK_BACK + 3]


def test_c089_a_state_that_happened_before_the_end_was_told_late() -> None:
    newest = told((COMPLETED, SOON, ""))

    late = stated(SERIES, STARTED, at=NOON, received_at=SOON + timedelta(seconds=1))

    assert number(newest, late) == 1


def test_c089_a_fast_clock_at_the_end_does_not_swallow_the_next_start() -> None:
    ended = stated(SERIES, COMPLETED, at=NOON + timedelta(minutes=5), received_at=NOON)
    newest = decide(None, aim(ended, None)).record

    assert number(newest, stated(SERIES, STARTED, at=SOON)) == 2


def test_c091b_the_window_is_counted_from_when_we_heard_not_from_what_was_said() -> None:
    newest = told((COMPLETED, NOON, ""))

    replay = stated(SERIES, COMPLETED, at=NOON - timedelta(days=9), received_at=SOON)
    again = stated(SERIES, COMPLETED, at=NOON, received_at=LATER)

    assert number(newest, replay) == 1
    assert number(newest, again) == 2


def test_c091b_a_replay_of_a_replay_does_not_prolong_the_window() -> None:
    newest = told((COMPLETED, NOON, ""), (COMPLETED, NOON + timedelta(minutes=9), ""))

    assert number(newest, stated(SERIES, at=LATER)) == 2


def test_the_third_record_follows_the_second() -> None:
    newest = told((COMPLETED, NOON, "a"), (STARTED, SOON, "b"), (COMPLETED, SOON, "c"))

    assert newest.attempt is not None
    assert newest.attempt.number == 2
    assert number(newest, stated(SERIES, STARTED, at=SOON, content="d")) == 3


def test_the_window_can_be_set() -> None:
    newest = told((COMPLETED, NOON, ""))

    aimed = aim(stated(SERIES, at=SOON), newest, window=timedelta(seconds=10))

    assert aimed.attempt is not None
    assert aimed.attempt.number == 2


@pytest.mark.parametrize(
    ("window", "after", "attempt"),
    [
        pytest.param(10, 9, 1, id="c173 the same push within the window is a replay"),
        pytest.param(10, 10, 2, id="c173 the same push after it is another"),
        pytest.param(0, 0, 2, id="c173 without a window each push is its own"),
        pytest.param(0, -1, 2, id="c173 even one that was overtaken"),
    ],
)
def test_a_series_may_bring_a_window_of_its_own(window: int, after: int, attempt: int) -> None:
    series = quanta_series(key="shop", kind="comment", content="hello", window=timedelta(seconds=window))
    newest = told((COMPLETED, NOON, ""), series=series)

    aimed = aim(stated(series, at=NOON + timedelta(seconds=after)), newest)

    assert aimed.attempt is not None
    assert aimed.attempt.number == attempt


def test_a_full_record_is_followed_by_the_next_and_still_knows_its_replays() -> None:
    newest = told(*((STARTED, NOON, str(n)) for n in range(MOST_REPORTS)))

    assert is_over(newest)
    assert number(newest, stated(SERIES, STARTED, at=SOON, content="more")) == 2
    assert number(newest, stated(SERIES, STARTED, at=SOON, content="7")) == 1
