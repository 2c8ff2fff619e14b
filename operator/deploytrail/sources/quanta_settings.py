"""How Quanta's events are read: they say what and little else."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from deploytrail.mapping.quanta import VERSION
from deploytrail.written import Duration


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return value


class QuantaSettings(BaseModel):
    """What can be told about Quanta's events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, AfterValidator(_check_pattern)] = Field(
        VERSION,
        description="Regular expression that finds the version in the content of a code_deploy: its group named "
        "version, else its first group, else all of it.",
    )
    window: Duration = Field(
        timedelta(seconds=10),
        description="How long the same push with the same key is a repetition; 0s for never. Comments and custom "
        "events are never one.",
    )
