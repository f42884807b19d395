"""Alerts that a test can look at."""

from __future__ import annotations

from streams.alerts import Alert, Alerts


class KeptAlerts(Alerts):
    """Tells as the program does where no webhook is set, and keeps what was told; in `told`, if a list is given."""

    def __init__(self, told: list[Alert] | None = None) -> None:
        super().__init__()
        self.told: list[Alert] = [] if told is None else told

    def tell(self, alert: Alert) -> None:
        super().tell(alert)
        self.told.append(alert)
