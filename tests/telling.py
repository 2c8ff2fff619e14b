"""Reports of every sort in any order, for tests by property: few names, so that they meet."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from deploytrail.record.identity import quanta_series, versioner_series, vibemonitor_series
from deploytrail.record.model import AnyReport, Binding, Repeat, Status
from tests.reports import NOON, build, note, report, stated

Told = Callable[[datetime, str], AnyReport[Any]]
"""Makes the report that is heard at this time, about products whose names end like this."""

COMMITS = st.sampled_from([None, "abc1", "ABC123", "abc123def", "abc9", "def4567"])
STATUSES = st.sampled_from(list(Status))
BUILT = st.sampled_from([status for status in Status if status is not Status.UNKNOWN])
VERSIONS = st.sampled_from(["1.0", "1.0", "2.0"])
WORDS = st.sampled_from(["a", "b"])
DELAYS = st.sampled_from([timedelta(0), timedelta(minutes=3), timedelta(minutes=-3), timedelta(days=1)])
"""How long ago it was, by its sender's clock, which may be fast."""
PAUSES = st.sampled_from([timedelta(0), timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=10)])
"""Two of them fill a window exactly."""


@st.composite
def reports(draw: st.DrawFn) -> Told:
    """A report from any source."""
    told: Told = draw(st.one_of(stateful(), stateful(), runs(), one_shots(), watched(), notes()))
    return told


@st.composite
def stateful(draw: st.DrawFn) -> Told:
    """As Versioner's and Vibe Monitor's clients tell of deployments: without ids."""
    status, version, delay, content = draw(STATUSES), draw(VERSIONS), draw(DELAYS), draw(WORDS)
    environment, commit = draw(st.sampled_from(["production", "production", "staging"])), draw(COMMITS)
    binding, vibes = draw(st.sampled_from(list(Binding))), draw(st.booleans())

    def tell(now: datetime, end: str) -> AnyReport[Any]:
        place = {"product": f"web{end}", "version": version, "environment": environment}
        posted = vibemonitor_series(workspace="", environment=environment, repository=f"web{end}", commit=commit)
        return stated(
            posted if vibes else versioner_series(**place), status, at=now - delay, received_at=now,
            content=content, commit=commit, binding=binding, **place,
        )  # fmt: skip

    return tell


@st.composite
def applied(draw: st.DrawFn) -> dict[str, str]:
    """What stands in the spec of an object that somebody applies: of the version that others tell of, too."""
    version, commit = draw(VERSIONS), draw(COMMITS.filter(bool))
    status = draw(st.sampled_from([Status.STARTED, Status.COMPLETED, Status.FAILED]))
    assert commit is not None
    return {"version": version, "commit": commit, "environment": "production", "status": status.value}


@st.composite
def runs(draw: st.DrawFn) -> Told:
    """As CI tells of builds, run by run."""
    run, status, version = draw(st.sampled_from(["7", "8"])), draw(BUILT), draw(VERSIONS)
    content, commit = draw(WORDS), draw(COMMITS)
    return lambda now, end: build(
        run, status=status, at=now, content=content, product=f"web{end}", version=version, commit=commit
    )


@st.composite
def one_shots(draw: st.DrawFn) -> Told:
    """As Hivel's clients tell: once, under an id, and the commit does not stop them."""
    name, content, version, commit = draw(st.sampled_from(["x", "y"])), draw(WORDS), draw(VERSIONS), draw(COMMITS)
    status = draw(st.sampled_from([Status.COMPLETED, Status.FAILED]))
    return lambda now, end: report(
        f"{name}{end}", status=status, repeat=Repeat.CONFLICT, content=content, received_at=now,
        binding=Binding.LENIENT, product=f"web{end}", version=version, commit=commit,
    )  # fmt: skip


@st.composite
def watched(draw: st.DrawFn) -> Told:
    """As the Argo CD tracker tells: never back, and of another repository's commits."""
    name, status, minute = draw(st.sampled_from(["p", "q"])), draw(STATUSES), draw(st.integers(0, 3))
    return lambda now, end: report(
        f"{name}{end}", status=status, repeat=Repeat.KEEP, at=NOON + minute * timedelta(minutes=1), received_at=now,
        product=f"web{end}", commit="feed1234",
    )  # fmt: skip


@st.composite
def notes(draw: st.DrawFn) -> Told:
    """As Quanta's clients push."""
    content, seconds = draw(WORDS), draw(st.sampled_from([0, 10]))
    window = timedelta(seconds=seconds)
    return lambda now, end: note(
        quanta_series(key=f"shop{end}{seconds}", kind="comment", content=content, window=window),
        content, at=now, product=f"web{end}",
    )  # fmt: skip
