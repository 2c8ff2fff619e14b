"""How much the endpoint lets one client, and all of them together, take of a replica."""

from pydantic import BaseModel, ConfigDict, Field


class LimitSettings(BaseModel):
    """Settings of the limits that depend on how big an installation is. The others are constants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(
        50,
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="Requests a second that one key may make on one replica in the long run; 0 for any number.",
    )
    burst: int = Field(500, ge=1, le=1_000_000, description="Requests that a rested key may make at once.")
    reports: int = Field(
        512,
        ge=1,
        le=100_000,
        description="Reports that one replica takes in at the same time; more are answered 503.",
    )
    connections: int = Field(
        1000,
        ge=10,
        le=100_000,
        description="Connections that one replica keeps open; the longest idle one makes room for a new one.",
    )
