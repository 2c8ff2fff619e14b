"""What can be set of the metrics."""

from pydantic import BaseModel, ConfigDict, Field


class MetricsSettings(BaseModel):
    """How much Prometheus is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    products: int = Field(
        50,
        ge=0,
        le=1000,
        description="Products that have series of their own, those with the most deployments; the rest are counted "
        "together as other.",
    )
