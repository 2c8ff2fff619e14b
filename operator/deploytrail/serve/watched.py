"""Since when somebody has recorded: days before that had no deployments to count, and are none to divide by."""

from datetime import date

from deploytrail.record.dora.question import Bucket, Question
from deploytrail.stores.base import Store


async def watched_from(store: Store, question: Question) -> date:
    """The first day of the question on which somebody recorded, or of which something was told later."""
    began = (await store.began()).date()
    if began <= question.first:
        return question.first
    told = {"bucket": Bucket.DAY, "by": None, "beyond": min(began, question.beyond)}
    earlier = [day for (_, day), counts in (await store.dora(question.model_copy(update=told))).items() if counts]
    return min([began, *earlier])
