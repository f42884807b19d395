"""Settings of dead letters and alerts."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr, field_validator

from streams.settings.addresses import http_address


class AlertSettings(BaseModel):
    """How long dead letters can be asked for, and who hears of what."""

    dead_letter_retention_days: float = Field(
        30, gt=0, le=30, alias="DEAD_LETTER_RETENTION_DAYS", description="Days that dead letters can be asked for."
    )
    alert_webhook_url: SecretStr | None = Field(
        None, alias="ALERT_WEBHOOK_URL", description="Address that alerts are posted to as JSON; unset only logs them."
    )
    alert_webhook_secret: SecretStr | None = Field(
        None, alias="ALERT_WEBHOOK_SECRET", description="Signs each alert: HMAC-SHA256 of the body, Echora-Signature."
    )

    @field_validator("alert_webhook_url")
    @classmethod
    def _is_webhook(cls, value: SecretStr | None) -> SecretStr | None:
        return http_address(value, "https://host.example/hook", is_base=False)
