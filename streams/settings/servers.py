"""Settings of the servers: NATS, PostgreSQL and Qdrant; each runs embedded while it has no address."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr, field_validator

from streams.settings.addresses import header_value, http_address, server_address
from streams.tuning import Tuning


class ServerSettings(BaseModel):
    """Where the servers are, and how they are used."""

    nats_url: SecretStr | None = Field(None, alias="NATS_URL", description="NATS server; unset runs one embedded.")
    nats_monitoring_url: SecretStr | None = Field(
        None,
        alias="NATS_MONITORING_URL",
        description="Monitoring page of that server; a full disk is then told at once, in the server's own words.",
    )
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

    @field_validator("nats_url")
    @classmethod
    def _is_nats(cls, value: SecretStr | None) -> SecretStr | None:
        return server_address(value, ("nats", "tls", "ws", "wss"))

    @field_validator("nats_monitoring_url")
    @classmethod
    def _is_page(cls, value: SecretStr | None) -> SecretStr | None:
        return http_address(value, "http://host.example:8222", is_base=True)

    @field_validator("qdrant_url")
    @classmethod
    def _is_qdrant(cls, value: SecretStr | None) -> SecretStr | None:
        return http_address(value, "https://host.example/v4", is_base=True)

    @field_validator("qdrant_api_key", "qdrant_read_only_api_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return header_value(value)

    @property
    def tuning(self) -> Tuning:
        """What these settings change about consumers."""
        return Tuning(self.ack_wait_s, self.max_deliver)
