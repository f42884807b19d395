"""Settings of the sources: whether the world or the real services are asked, and which."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, SecretStr, field_validator

from streams.settings.addresses import header_value, http_address, server_address


class SourceSettings(BaseModel):
    """Who is asked, where, and what is shared between those who ask."""

    sources: Literal["world", "live"] | None = Field(
        None,
        alias="ECHORA_SOURCES",
        description="world asks a simulated world, live the real services; world by itself while all is embedded.",
    )
    world_url: SecretStr | None = Field(None, alias="WORLD_URL", description="A running world; unset runs one in here.")
    world_seed: int = Field(7, ge=0, alias="WORLD_SEED", description="What the world's history follows from.")
    world_speed: float = Field(1.0, gt=0, le=100_000, alias="WORLD_SPEED", description="World seconds per real one.")
    jikan_base_url: SecretStr | None = Field(
        None, alias="JIKAN_BASE_URL", description="Another address that speaks Jikan."
    )
    anilist_base_url: SecretStr | None = Field(
        None, alias="ANILIST_BASE_URL", description="Another address of AniList."
    )
    kitsu_base_url: SecretStr | None = Field(None, alias="KITSU_BASE_URL", description="Another address of Kitsu.")
    mal_base_url: SecretStr | None = Field(None, alias="MAL_BASE_URL", description="Another address of MyAnimeList v2.")
    jikan_enabled: bool = Field(True, alias="JIKAN_ENABLED", description="Whether Jikan is asked.")
    anilist_enabled: bool = Field(True, alias="ANILIST_ENABLED", description="Whether AniList is asked.")
    kitsu_enabled: bool = Field(True, alias="KITSU_ENABLED", description="Whether Kitsu is asked.")
    mal_enabled: bool = Field(True, alias="MAL_ENABLED", description="Whether MyAnimeList is asked, given a client id.")
    mal_client_id: SecretStr | None = Field(
        None, alias="MAL_CLIENT_ID", description="The client id that MyAnimeList gave you; without it MAL is not asked."
    )
    redis_url: SecretStr | None = Field(
        None, alias="REDIS_URL", description="Redis that shares budgets and cache between processes."
    )

    @field_validator("world_url", "jikan_base_url", "anilist_base_url", "kitsu_base_url", "mal_base_url")
    @classmethod
    def _is_source(cls, value: SecretStr | None) -> SecretStr | None:
        return http_address(value, "https://host.example/v4", is_base=True)

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        return server_address(value, ("redis", "rediss"))

    @field_validator("mal_client_id")
    @classmethod
    def _id_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return header_value(value)

    @property
    def asks_world(self) -> bool:
        """Whether the simulated world stands for the services."""
        return self.sources != "live"
