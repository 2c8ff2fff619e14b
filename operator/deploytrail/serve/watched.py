"""Since when somebody has recorded: days before that had no deployments to count, and are none to divide by."""

from datetime import UTC, date, datetime, time

from deploytrail.record.dora.question import Bucket, Question, month_after
from deploytrail.stores.base import Store


async def watched_from(store: Store, question: Question) -> date:
    """The first day of the question on which somebody recorded, or of which something was told later."""
    began = (await store.began(early_enough=datetime.combine(question.first, time.max, UTC))).date()
    if began <= question.first:
        return question.first
    earlier = question.model_copy(update={"by": None, "beyond": min(began, question.beyond)})
    # Of a history that was told later there may be thousands of days: the first month with any is looked for first.
    months = await _told(store, earlier, Bucket.MONTH)
    if not months:
        return began
    last = min(month_after(months[0]), earlier.beyond)
    days = await _told(store, earlier.model_copy(update={"first": months[0], "beyond": last}), Bucket.DAY)
    return min([began, *days])


async def _told(store: Store, question: Question, bucket: Bucket) -> list[date]:
    """The buckets of which something was told, in order."""
    sums = await store.dora(question.model_copy(update={"bucket": bucket}))
    return sorted(start for (_, start), counts in sums.items() if counts)
