"""Every setting, read from the environment (and a .env file) in one place.

docs/configuration.md is generated from it.
"""

from __future__ import annotations

import os
import re
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from handlers.update.episodes import Confirmation
from streams.secret_files import SUFFIX, SecretUnreadable, secret_from_file
from streams.topology import ROLES
from streams.tuning import Tuning

PREFIX = "ECHORA_"
TOKEN_CHARS_MIN = 16
_ESCAPED: Final = " (in a password, write / ? # @ and % as %2F %3F %23 %40 %25)"


class SettingsError(Exception):
    """A setting is wrong; the message is one line that names it and says what to do."""


class Settings(BaseSettings):
    """The settings of one process. Without any, everything runs embedded in one data folder."""

    # By alias only: by name too, a field such as `home` would be read from a variable of that name, HOME.
    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

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

    nats_url: SecretStr | None = Field(None, alias="NATS_URL", description="NATS server; unset runs one embedded.")
    ack_wait_s: float | None = Field(
        None,
        ge=0.2,
        le=3_600,
        alias="ECHORA_ACK_WAIT_S",
        description="Seconds until NATS delivers again what nobody answered, for every consumer; by default 30 or 60.",
    )
    max_deliver: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        alias="ECHORA_MAX_DELIVER",
        description="Deliveries after which NATS gives a message up, for every consumer; by default 50.",
    )
    nats_replicas: int = Field(1, ge=1, le=5, alias="NATS_REPLICAS", description="Copies of each stream in a cluster.")
    postgres_url: SecretStr | None = Field(
        None, alias="POSTGRES_URL", description="PostgreSQL 18 as a libpq URL; unset runs one embedded."
    )
    postgres_connections_max: int = Field(
        12, ge=4, le=500, alias="POSTGRES_CONNECTIONS_MAX", description="Connections that this process may hold."
    )
    qdrant_url: SecretStr | None = Field(None, alias="QDRANT_URL", description="Qdrant server; unset runs Qdrant Edge.")
    qdrant_api_key: SecretStr | None = Field(None, alias="QDRANT_API_KEY", description="Key that may write.")
    qdrant_read_only_api_key: SecretStr | None = Field(
        None, alias="QDRANT_READ_ONLY_API_KEY", description="Key that may only read; search uses it when set."
    )

    embedding_model: str = Field(
        "sentence-transformers/all-MiniLM-L6-v2", alias="EMBEDDING_MODEL", description="Any model that fastembed has."
    )
    embedding_model_path: Path | None = Field(
        None, alias="EMBEDDING_MODEL_PATH", description="Local folder with the model's files; no hub is asked then."
    )
    embedding_threads: int | None = Field(
        None,
        ge=1,
        le=256,
        alias="EMBEDDING_THREADS",
        description="Threads of one embedding batch, by default one a core.",
    )

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

    timer_horizon_h: float = Field(
        24, gt=0, le=24 * 30, alias="TIMER_HORIZON_H", description="Hours ahead of which NATS holds timers."
    )
    episode_window_days: int = Field(
        7, ge=1, le=60, alias="EPISODE_WINDOW_DAYS", description="Days ahead that the nightly rebuild plans air times."
    )
    episode_max_retries: int = Field(
        3, ge=0, le=50, alias="EPISODE_MAX_RETRIES", description="Retries before an air window is skipped, and said so."
    )
    episode_retry_wait_hours: float = Field(
        2, gt=0, le=168, alias="EPISODE_RETRY_WAIT_HOURS", description="Hours between two looks for one episode."
    )
    episode_confirmation: Confirmation = Field(
        Confirmation.ONE,
        alias="EPISODE_CONFIRMATION",
        description="Who must say that an episode aired: one source, or a majority of the platforms asked.",
    )
    score_sync_hour: int = Field(6, ge=0, le=23, alias="SCORE_SYNC_HOUR", description="UTC hour of the score sync.")
    score_sync_lookback_days: int = Field(
        90, ge=0, le=3_650, alias="SCORE_SYNC_LOOKBACK_DAYS", description="Days that scores are synced after the end."
    )
    score_delta_threshold: Decimal = Field(
        Decimal("0.1"),
        ge=0,
        le=10,
        alias="SCORE_DELTA_THRESHOLD",
        description="How far a mean must have moved, since it was told last, to be told.",
    )
    update_looks_max: int = Field(
        100, ge=1, le=1_000, alias="UPDATE_LOOKS_MAX", description="Looks of one workflow that are under way at once."
    )
    update_fetches_max: int = Field(
        50, ge=1, le=1_000, alias="UPDATE_FETCHES_MAX", description="Questions to sources that wait at once."
    )
    schedule_policies: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        alias="SCHEDULE_POLICIES",
        description='Parts of workflows\' policies as JSON, e.g. {"metadata_refresh": {"interval_s": 1209600}}.',
    )
    breaker_window_h: float = Field(
        6, gt=0, le=720, alias="BREAKER_WINDOW_H", description="Hours over which a source's risky changes are counted."
    )
    breaker_titles_min: int = Field(
        20, ge=2, le=100_000, alias="BREAKER_TITLES_MIN", description="Titles looked at before a source may be stopped."
    )
    breaker_risky_share: float = Field(
        0.25, gt=0, le=1, alias="BREAKER_RISKY_SHARE", description="Share of titles with risky changes that stops them."
    )
    breaker_blanked_share: float = Field(
        0.1, gt=0, le=1, alias="BREAKER_BLANKED_SHARE", description="Share of titles losing a text that stops them."
    )

    persist_batch: int = Field(
        200, ge=1, le=2_000, alias="PERSIST_BATCH", description="Messages that one transaction takes at most."
    )
    enriched_batch: int = Field(
        20, ge=1, le=200, alias="ENRICHED_BATCH", description="Whole records that one transaction takes at most."
    )
    index_batch: int = Field(
        500, ge=1, le=2_000, alias="INDEX_BATCH", description="Messages that one index update takes at most."
    )
    relay_batch: int = Field(
        1_000, ge=1, le=4_000, alias="RELAY_BATCH", description="Outbox rows that are published before they are marked."
    )
    relay_poll_s: float = Field(
        1.0, gt=0, le=60, alias="RELAY_POLL_S", description="Seconds between two looks at the outbox without a notice."
    )
    outbox_retention_days: float = Field(
        7, gt=0, alias="OUTBOX_RETENTION_DAYS", description="Days that sent outbox rows are kept."
    )
    inbox_retention_days: float = Field(
        37,
        ge=31,
        alias="INBOX_RETENTION_DAYS",
        description="Days that handled event ids are kept (letters: 30).",
    )
    reconcile_hour: int = Field(
        3, ge=0, le=23, alias="RECONCILE_HOUR", description="Hour (UTC) of the nightly comparison of rows and index."
    )
    reindex_per_s: float = Field(
        200, gt=0, le=100_000, alias="REINDEX_PER_S", description="Texts that a reindex embeds a second at most."
    )
    repairs_per_s: float = Field(
        200, gt=0, le=100_000, alias="REPAIRS_PER_S", description="Repairs that are queued a second at most."
    )
    review_expiry_days: float = Field(
        30, gt=0, alias="REVIEW_EXPIRY_DAYS", description="Days that a held change waits for a person, then it expires."
    )
    shutdown_grace_s: float = Field(
        3.0, gt=0, le=300, alias="SHUTDOWN_GRACE_S", description="Seconds that work in hand may take at a stop."
    )

    dead_letter_retention_days: float = Field(
        30, gt=0, le=30, alias="DEAD_LETTER_RETENTION_DAYS", description="Days that dead letters can be asked for."
    )
    alert_webhook_url: SecretStr | None = Field(
        None, alias="ALERT_WEBHOOK_URL", description="Address that alerts are posted to as JSON; unset only logs them."
    )
    alert_webhook_secret: SecretStr | None = Field(
        None, alias="ALERT_WEBHOOK_SECRET", description="Signs each alert: HMAC-SHA256 of the body, Echora-Signature."
    )

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

    @field_validator("roles", mode="before")
    @classmethod
    def _split_roles(cls, value: object) -> object:
        names = [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        unknown = [name for name in names if name not in ROLES] if isinstance(names, list | tuple) else []
        if unknown or not names:
            raise ValueError(f"no such role: {', '.join(unknown) or '(none given)'}; roles are {', '.join(ROLES)}")
        return names

    @field_validator("embedding_model_path")
    @classmethod
    def _folder_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"{value} is no folder; give one that holds model.onnx and the tokenizer's files")
        return value

    @field_validator("world_url", "jikan_base_url", "anilist_base_url", "kitsu_base_url", "mal_base_url", "qdrant_url")
    @classmethod
    def _is_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        address = value.get_secret_value()
        if not _has_host(address, ("http", "https")) or urlsplit(address).query:
            raise ValueError("is no address; give scheme, host and path, such as https://host.example/v4" + _ESCAPED)
        return SecretStr(address.rstrip("/"))

    @field_validator("alert_webhook_url")
    @classmethod
    def _is_secret_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _has_host(value.get_secret_value(), ("http", "https")):
            raise ValueError("is no address; give scheme, host and path, such as https://host.example/hook" + _ESCAPED)
        return value

    @field_validator("nats_url", "redis_url")
    @classmethod
    def _is_server(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        schemes = ("nats", "tls", "ws", "wss") if info.field_name == "nats_url" else ("redis", "rediss")
        if value is not None and not _has_host(value.get_secret_value(), schemes):
            raise ValueError(
                f"is no address; give scheme, host and port, such as {schemes[0]}://host.example" + _ESCAPED
            )
        return value

    @field_validator("api_token", "mal_client_id", "qdrant_api_key", "qdrant_read_only_api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        # A library that cannot send it would put it into its error.
        stripped = value.get_secret_value().strip() if value is not None else None
        if stripped is not None and not re.fullmatch(r"[!-~]*", stripped):
            raise ValueError("holds a blank, a line break or a character that no header carries; look at its quoting")
        return SecretStr(stripped) if stripped is not None else None

    @model_validator(mode="after")
    def _others_need_a_token(self) -> Self:
        if not is_loopback(self.http_host) and self.api_token is None:
            raise ValueError(unguarded(self.http_host))
        return self

    @field_validator("api_token")
    @classmethod
    def _is_no_word(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < TOKEN_CHARS_MIN:
            raise ValueError(f"is too short to guard anything; take at least {TOKEN_CHARS_MIN} random characters")
        return value

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
    def asks_world(self) -> bool:
        """Whether the simulated world stands for the services."""
        return self.sources != "live"

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

    @property
    def tuning(self) -> Tuning:
        """What these settings change about consumers."""
        return Tuning(self.ack_wait_s, self.max_deliver)

    def runs(self, role: str) -> bool:
        """Whether this process runs that part of the graph."""
        return role in self.roles


class SecretFiles(PydanticBaseSettingsSource):
    """The secrets that `origin` (the environment, a .env file) does not hold itself but names files of."""

    def __init__(self, settings_cls: type[BaseSettings], origin: EnvSettingsSource) -> None:
        super().__init__(settings_cls)
        # pydantic-settings keeps the names in small letters, as they are matched whatever their case.
        self._variables = {name.upper(): value for name, value in origin.env_vars.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """The value of one field, by its alias."""
        alias = str(field.alias)
        return (secret_from_file(alias, self._variables) if is_secret(field) else None), alias, False

    def __call__(self) -> dict[str, Any]:
        """Every secret that comes from a file. Raises SecretUnreadable."""
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {alias: value for value, alias, _ in found if value is not None}


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is shown nowhere and may come from a file: everything that can hold a password is a secret."""
    return SecretStr in get_args(field.annotation)


def secret_names() -> tuple[str, ...]:
    """The variables that hold secrets."""
    return tuple(str(field.alias) for field in Settings.model_fields.values() if is_secret(field))


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError with one line that names what is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    except SecretUnreadable as error:
        raise SettingsError(str(error)) from None
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and not _is_known(name))
    if unknown:
        raise SettingsError(
            f"{unknown[0]} is no setting of this program; see docs/configuration.md for those there are"
        )
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _has_host(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        # The library's error would show the part of a password that it took for the port.
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def unguarded(host: str) -> str:
    """Why the program does not listen there without a token."""
    return f"HTTP on {host} is reached from other machines: set ECHORA_API_TOKEN, or listen on 127.0.0.1"


# Read by the command line and the tests, not by the program itself.
_ELSEWHERE = frozenset({"ECHORA_URL", "ECHORA_RECORDINGS"})


def _is_known(name: str) -> bool:
    names = {str(field.alias) for field in Settings.model_fields.values()} | _ELSEWHERE
    names |= {secret + SUFFIX for secret in secret_names()}
    return name in names or name.startswith(f"{PREFIX}TEST_")


def _one_line(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    name = str(found["loc"][0]) if found["loc"] else ""
    said = found["msg"].removeprefix("Value error, ")
    value = os.environ.get(name)
    shown = f"={value}" if name and value is not None and name not in secret_names() else ""
    more = error.error_count() - 1
    return f"{name}{shown}{': ' if name else ''}{said}" + (f" (and {more} more)" if more else "")
