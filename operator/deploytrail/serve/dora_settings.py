"""What can be set of the DORA metrics."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from deploytrail.record.dora.bands import BANDS, DEFAULT_YEAR
from deploytrail.record.dora.judging import Rules
from deploytrail.written import Duration, Listed

YEARS = ", ".join(map(str, sorted(BANDS)))


def _check_year(year: int) -> int:
    if year not in BANDS:
        raise ValueError(f"there are bands of {YEARS}")
    return year


class DoraSettings(BaseModel):
    """Definitions that differ from house to house; docs/dora.md tells the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environments: Listed = Field(
        ("production", "prod"),
        description="Environments that the DORA metrics are of, unless a question names others, comma-separated.",
    )
    fix_window: Duration = Field(
        Rules().fix_window,
        description="How soon after the end of a failure the next deployment of its place ends to be rework.",
    )
    replace_window: Duration = Field(
        Rules().replace_window,
        description="How soon another version replaces one that went well to say that it was a failure; 0s: that says "
        "nothing.",
    )
    bands: Annotated[int, AfterValidator(_check_year)] = Field(
        DEFAULT_YEAR, description=f"Year of the DORA report whose bands are shown: {YEARS}."
    )

    @property
    def rules(self) -> Rules:
        """As the stores judge by."""
        return Rules(fix_window=self.fix_window, replace_window=self.replace_window)
