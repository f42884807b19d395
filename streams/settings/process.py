"""Settings of the process itself: its folder, its parts, where it listens and how it logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from streams.settings.addresses import header_value, is_loopback, unguarded
from streams.topology import ROLES

TOKEN_CHARS_MIN = 16


class ProcessSettings(BaseModel):
    """What this process is."""

    home: Path = Field(Path(".echora"), alias="ECHORA_HOME", description="Data folder of whatever runs embedded.")
    roles: Annotated[tuple[str, ...], NoDecode] = Field(
        tuple(ROLES), alias="ECHORA_ROLES", description="Parts of the graph that this process runs, comma separated."
    )
    http_host: str = Field("127.0.0.1", alias="ECHORA_HTTP_HOST", description="Address that HTTP listens on.")
    http_port: int = Field(8000, ge=0, le=65_535, alias="ECHORA_HTTP_PORT", description="Port that HTTP listens on.")
    api_token: SecretStr | None = Field(
        None,
        alias="ECHORA_API_TOKEN",
        description="Token that whoever changes something over HTTP must send; needed beyond the loopback address.",
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", alias="ECHORA_LOG_FORMAT", description="console for people, json for programs; auto asks the terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="ECHORA_LOG_LEVEL", description="The least urgent level that is logged."
    )
    demo: bool = Field(
        True, alias="ECHORA_DEMO", description="Load the demo catalogue into an empty database when all is embedded."
    )

    @field_validator("roles", mode="before")
    @classmethod
    def _split_roles(cls, value: object) -> object:
        names = [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        unknown = [name for name in names if name not in ROLES] if isinstance(names, list | tuple) else []
        if unknown or not names:
            raise ValueError(f"no such role: {', '.join(unknown) or '(none given)'}; roles are {', '.join(ROLES)}")
        return names

    @field_validator("api_token")
    @classmethod
    def _token_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return header_value(value)

    @field_validator("api_token")
    @classmethod
    def _is_no_word(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < TOKEN_CHARS_MIN:
            raise ValueError(f"is too short to guard anything; take at least {TOKEN_CHARS_MIN} random characters")
        return value

    @model_validator(mode="after")
    def _others_need_a_token(self) -> Self:
        if not is_loopback(self.http_host) and self.api_token is None:
            raise ValueError(unguarded(self.http_host))
        return self

    def runs(self, role: str) -> bool:
        """Whether this process runs that part of the graph."""
        return role in self.roles
