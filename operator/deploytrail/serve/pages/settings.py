"""Who may look at the pages."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, IPvAnyNetwork, model_validator
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class PageSettings(BaseModel):
    """Settings of the pages. Without any of them, people sign in with a key that has the scope read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    anonymous: bool = Field(
        False, description="Whether the pages, not the API, may be read by everybody who can reach them."
    )
    session_hours: int = Field(
        168, ge=1, le=8760, description="Hours that a session lasts without being used; it never outlives its key."
    )
    user_header: str = Field(
        "",
        pattern=r"^([A-Za-z0-9-]+)?$",
        description="Header in which an authenticating proxy names the user, such as X-Forwarded-User; that user may "
        "read. It is believed only from pages-trusted-proxies.",
    )
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)] = Field(
        (),
        description="Addresses or networks, comma-separated, that are believed what they say in X-Forwarded-Proto and "
        "pages-user-header.",
    )

    @model_validator(mode="after")
    def _says_whom_to_believe(self) -> Self:
        if self.user_header and not self.trusted_proxies:
            raise ValueError("with user_header say which proxies are trusted, or anybody could name a user")
        return self
