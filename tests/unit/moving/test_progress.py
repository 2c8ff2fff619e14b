"""How far it is, as a terminal and as a file see it."""

import io

import pytest

from deploytrail.moving.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def shown(terminal: Terminal) -> list[str]:
    """What stood in the line, one after the other."""
    return [line.removesuffix("\x1b[K") for line in terminal.getvalue().split("\r")[1:]]


def test_a_bar_fills_on_a_terminal_and_is_full_in_the_end(clock: Clock) -> None:
    terminal = Terminal()
    with Progress(terminal, "exporting", total=3000, clock=clock) as progress:
        for records in (750, 1500, 3001):
            clock.now += 1
            progress.tell(records, records)

    assert shown(terminal) == [
        "exporting: [######------------------] 25% 750 records, 750 a second",
        "exporting: [############------------] 50% 1,500 records, 750 a second",
        "exporting: [########################] 100% 3,001 records, 1,000 a second",
        "exporting: [########################] 100% 3,001 records, 1,000 a second\x1b[K\n",
    ]


def test_a_terminal_is_not_written_to_more_often_than_one_can_read_but_for_the_end(clock: Clock) -> None:
    terminal = Terminal()
    with Progress(terminal, "exporting", total=100, clock=clock) as progress:
        for records in range(100):
            clock.now += 0.05
            progress.tell(records + 1, records + 1)

    assert 20 <= len(shown(terminal)) <= 26
    assert "100%" in shown(terminal)[-1]


def test_what_is_done_at_once_draws_nothing(clock: Clock) -> None:
    terminal = Terminal()
    with Progress(terminal, "exporting", total=2, clock=clock) as progress:
        progress.tell(2, 2)

    assert terminal.getvalue() == ""


def test_a_file_gets_a_line_now_and_then(clock: Clock) -> None:
    file = io.StringIO()
    with Progress(file, "importing", total=400, clock=clock) as progress:
        for second in range(1, 25):
            clock.now += 1
            progress.tell(10 * second, second)

    assert file.getvalue().splitlines() == [
        "importing: [#-----------------------] 2% 100 records, 10 a second",
        "importing: [#-----------------------] 5% 200 records, 10 a second",
    ]


def test_without_a_total_there_is_a_count_and_no_bar(clock: Clock) -> None:
    terminal = Terminal()
    with Progress(terminal, "importing", clock=clock) as progress:
        clock.now += 2
        progress.tell(10)

    assert shown(terminal)[0] == "importing: 10 records, 5 a second"
