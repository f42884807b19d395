"""Alerts reach the webhook signed, are tried again while that may help, and never get in the way of who tells them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr, ValidationError

from streams.alerts import WAITING_MAX, Alert, AlertKind, Alerts
from streams.clock import SystemClock
from streams.settings import Settings
from streams.webhook import ATTEMPTS, SIGNATURE, Webhook, WebhookRefused
from tests.waiting import eventually

ALERT = Alert(
    AlertKind.DEAD_LETTERS, "f00d", "first dead letter", {"id": UUID(int=1), "at": datetime(2026, 1, 2, tzinfo=UTC)}
)
SECRET = "hook-secret"


class Receiver(httpx.AsyncBaseTransport):
    """Answers with the statuses it is given, then 200; keeps what came."""

    def __init__(self, *statuses: int | Exception) -> None:
        self.statuses = list(statuses)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self.statuses.pop(0) if self.statuses else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)

    def webhook(self, secret: str | None = SECRET) -> Webhook:
        url = SecretStr("https://hook.example/T0K3N")
        return Webhook(url, SecretStr(secret) if secret else None, SystemClock(), backoff_s=0, transport=self)


def told(kind: str) -> float:
    return REGISTRY.get_sample_value("echora_alerts_total", {"kind": kind}) or 0.0


async def test_an_alert_is_posted_as_json_with_a_signature_that_the_receiver_can_check() -> None:
    receiver = Receiver()
    await receiver.webhook()(ALERT)
    (request,) = receiver.requests
    expected = hmac.new(SECRET.encode(), request.content, hashlib.sha256).hexdigest()
    assert request.headers[SIGNATURE] == f"sha256={expected}"
    said = json.loads(request.content)
    assert (said["kind"], said["key"], said["text"]) == ("dead_letters", "f00d", "first dead letter")
    assert said["facts"] == {"id": str(UUID(int=1)), "at": "2026-01-02T00:00:00+00:00"}


async def test_without_a_secret_nothing_is_signed() -> None:
    receiver = Receiver()
    await receiver.webhook(None)(ALERT)
    assert SIGNATURE not in receiver.requests[0].headers


async def test_what_may_pass_is_tried_again_and_says_the_same() -> None:
    receiver = Receiver(500, httpx.ConnectError("refused"), 429)
    await receiver.webhook()(ALERT)
    assert len(receiver.requests) == 4
    assert all(one.content == other.content for one, other in pairwise(receiver.requests))


@pytest.mark.parametrize(("answer", "tries"), [(404, 1), (400, 1), (503, ATTEMPTS)])
async def test_trying_ends(answer: int, tries: int) -> None:
    receiver = Receiver(*[answer] * 20)
    with pytest.raises(WebhookRefused) as refused:
        await receiver.webhook()(ALERT)
    assert refused.value.status == answer
    assert len(receiver.requests) == tries
    assert "T0K3N" not in str(refused.value)


async def test_an_alert_that_fails_does_not_keep_the_next_one() -> None:
    receiver = Receiver(404)
    alerts = Alerts(receiver.webhook())
    before = told("window_skipped")
    alerts.tell(Alert(AlertKind.WINDOW_SKIPPED, "a", "one"))
    alerts.start()
    alerts.tell(Alert(AlertKind.WINDOW_SKIPPED, "b", "two"))
    await eventually(lambda: len(receiver.requests) == 2)
    await alerts.stop()
    assert [json.loads(request.content)["text"] for request in receiver.requests] == ["one", "two"]
    assert told("window_skipped") == before + 2


async def test_what_was_told_just_before_a_stop_still_leaves() -> None:
    receiver = Receiver()
    alerts = Alerts(receiver.webhook())
    alerts.start()
    for number in range(50):
        alerts.tell(Alert(AlertKind.SOURCE_BREAKER, str(number), "one"))
    await alerts.stop()
    assert len(receiver.requests) == 50


async def test_telling_never_waits_nor_fails_when_nobody_takes_it() -> None:
    alerts = Alerts(Receiver().webhook())
    name, labels = "echora_alerts_unsent_total", {"reason": "queue full"}
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    for number in range(WAITING_MAX + 3):
        alerts.tell(Alert(AlertKind.SOURCE_BREAKER, str(number), "one"))
    assert REGISTRY.get_sample_value(name, labels) == before + 3
    await alerts.stop()


async def test_without_a_webhook_an_alert_is_logged_and_counted() -> None:
    alerts = Alerts()
    before = told("out_of_step")
    alerts.start()
    alerts.tell(Alert(AlertKind.OUT_OF_STEP, "index", "3 points are missing", {"event": "no clash with the log's own"}))
    await alerts.stop()
    assert told("out_of_step") == before + 1


def test_an_address_that_is_none_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "hook.example/T0K3N")
    with pytest.raises(ValidationError, match="is no address"):
        Settings(_env_file=None)  # type: ignore[call-arg]
    from streams.settings import SettingsError, load_settings

    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "T0K3N" not in str(refused.value)
    assert "ALERT_WEBHOOK_URL" in str(refused.value)
