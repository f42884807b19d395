"""All settings of a process together, and what no part can judge alone."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from streams.settings.alerts import AlertSettings
from streams.settings.embedding import EmbeddingSettings
from streams.settings.flow import FlowSettings
from streams.settings.process import ProcessSettings
from streams.settings.schedule import ScheduleSettings
from streams.settings.secrets import SecretFiles, is_secret
from streams.settings.servers import ServerSettings
from streams.settings.sources import SourceSettings
from streams.topology import ROLES


# From the last to the first, since the fields of a base stand before those of the bases that are named ahead of it.
class Settings(
    AlertSettings,
    FlowSettings,
    ScheduleSettings,
    SourceSettings,
    EmbeddingSettings,
    ServerSettings,
    ProcessSettings,
    BaseSettings,
):
    """The settings of one process. Without any, everything runs embedded in one data folder."""

    # By alias only: by name too, a field such as `home` would be read from a variable of that name, HOME.
    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then a .env file; each may name files that hold secrets."""
        origins = [one for one in (env_settings, dotenv_settings) if isinstance(one, EnvSettingsSource)]
        found = [source for one in origins for source in (one, SecretFiles(settings_cls, one))]
        return (init_settings, *found)

    @model_validator(mode="after")
    def _parts_need_servers(self) -> Self:
        missing = [
            name for name, value in (("NATS_URL", self.nats_url), ("POSTGRES_URL", self.postgres_url)) if value is None
        ]
        if set(self.roles) != set(ROLES) and missing:
            raise ValueError(
                f"ECHORA_ROLES={','.join(self.roles)} runs a part of the graph, and parts share their servers: "
                f"set {' and '.join(missing)}"
            )
        indexing = {name for name in self.roles if ROLES[name].uses_index}
        both = {name for name, role in ROLES.items() if role.uses_index}
        if self.qdrant_url is None and indexing and indexing != both:
            raise ValueError(
                f"ECHORA_ROLES={','.join(self.roles)} splits {' and '.join(sorted(both))}, which Qdrant Edge keeps in "
                "one process: run both here, or set QDRANT_URL"
            )
        return self

    @model_validator(mode="after")
    def _sources_are_said(self) -> Self:
        if self.runs("update") and self.sources is None and not self.all_embedded:
            raise ValueError(
                "ECHORA_SOURCES is not set, and with servers of your own nothing is assumed: set it to live to ask the "
                "real services, or to world to ask a simulated one"
            )
        return self

    @property
    def lives_in_world(self) -> bool:
        """Whether the catalogue's clock is the world's. A part that asks no source lives in the world if it is said."""
        return self.asks_world and (self.sources == "world" or self.runs("update"))

    @property
    def embedded(self) -> tuple[str, ...]:
        """Names of the parts that run in the data folder."""
        parts = (("NATS", self.nats_url), ("PostgreSQL", self.postgres_url), ("Qdrant Edge", self.qdrant_url))
        needs_index = any(ROLES[name].uses_index for name in self.roles)
        return tuple(name for name, url in parts if url is None and (name != "Qdrant Edge" or needs_index))

    @property
    def all_embedded(self) -> bool:
        """Whether no server of the operator's is involved."""
        return len(self.embedded) == 3


def secret_names() -> tuple[str, ...]:
    """The variables that hold secrets."""
    return tuple(str(field.alias) for field in Settings.model_fields.values() if is_secret(field))
