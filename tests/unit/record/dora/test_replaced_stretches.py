"""What many changes at once make of the counts is what a look at everything before and after gives."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from deploytrail.record.dora.counting import Change, count, replace, settled
from deploytrail.record.dora.entry import Entry, entry_of
from deploytrail.record.dora.judging import Rules, judge
from deploytrail.record.model import Deployment
from deploytrail.record.totals import Place
from tests.unit.record.dora.test_ledger import deployments

PLACE = Place("web", "production")
STRETCH = st.lists(deployments(), max_size=15, unique_by=lambda deployment: deployment.id)


def entries(of: Sequence[Deployment]) -> list[Entry]:
    """The counted ones, in order."""
    found = (entry_of(deployment, None) for deployment in of)
    return sorted((each for each in found if each is not None and each.uncounted is None), key=lambda e: (e.at, e.id))


@given(STRETCH, STRETCH)
def test_what_came_and_went_and_what_is_judged_otherwise_is_counted(
    earlier: list[Deployment], later: list[Deployment]
) -> None:
    before, after, rules = entries(earlier), entries(later), Rules()
    expected: Change = {}
    count(judge(before, rules), PLACE, expected, -1)
    count(judge(after, rules), PLACE, expected)

    change: Change = {}
    replace(before, after, PLACE, rules, change)

    assert settled(change) == settled(expected)
