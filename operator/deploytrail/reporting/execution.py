"""A command between its reports: started before it, completed, failed or aborted after."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deploytrail.errors import DeploytrailError
from deploytrail.reporting.body import Kind
from deploytrail.reporting.reporter import Reporter
from deploytrail.reporting.statuses import Status
from deploytrail.reporting.wrapped import Cancelled, Ending, Wrapper


def execute(command: Sequence[str], reporter: Reporter | None, *, strict: bool, warn: Callable[[str], None]) -> int:
    """Run the command and report it; returns its exit code. Without a reporter it is run all the same.

    What goes wrong with reporting is told to ``warn``, and with ``strict`` raised: before the command, which is then
    not run, and after one that succeeded.
    """

    def tell(status: Status, more: Mapping[str, Any], *, strict: bool) -> None:
        try:
            if reporter is not None:
                reporter.tell(status, more)
        except DeploytrailError as error:
            if strict:
                raise
            warn(f"{status} was not reported: {error}")

    with Wrapper() as wrapper:
        try:
            with wrapper.breakable():
                tell("started", {}, strict=strict)
        except Cancelled as signal:
            ending = wrapper.cancelled(command, signal.number)
        else:
            ending = wrapper.run(command)
        try:
            with wrapper.breakable():
                more = _metadata(reporter.kind, ending) if reporter is not None else {}
                tell(ending.status, more, strict=strict and ending.code == 0)
        except Cancelled:
            warn(f"{ending.status} was not reported: a signal came before there was an answer")
    return ending.code


def _metadata(kind: Kind, ending: Ending) -> dict[str, Any]:
    told: dict[str, Any] = {f"{kind.value}_duration_seconds": round(ending.seconds, 3)}
    if ending.problem is not None:
        told |= {"exit_code": ending.code, "error": ending.problem}
    return told
