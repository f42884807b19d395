"""The alarm that JetStream takes no messages: when it is raised, in which words, once, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from streams.alerts import Alert, AlertKind
from streams.delivery.intake import SILENT_S, Intake, says_full
from streams.fullness import SETTLED_S, Fullness
from streams.fullness_words import begun, stream_named
from streams.monitoring import MonitoringPage
from tests.alerts import KeptAlerts

EVENTS, LETTERS = "ANIME_EVENTS", "ANIME_DLQ"
NO_SPACE = "JetStream stream '$G > ANIME_EVENTS' write error: write /data/msgs/4.blk: no space left on device"


@dataclass
class Watched:
    """A clock that is moved by hand, what the server says, and what was told."""

    at: float = 1_000.0
    said: str | None = ""
    asked: int = 0
    connected: bool = True
    heard: list[Alert] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.at += seconds

    async def health(self) -> str | None:
        self.asked += 1
        return self.said


@pytest.fixture
def world() -> Watched:
    return Watched()


@pytest.fixture
def intake(world: Watched) -> Intake:
    return Intake(world)


@pytest.fixture
def blind(world: Watched, intake: Intake) -> Fullness:
    """The watch where no monitoring page is known."""
    return Fullness(intake, KeptAlerts(world.heard), world, "nats://one:4222", lambda: world.connected)


@pytest.fixture
def seeing(world: Watched, blind: Fullness) -> Fullness:
    """The watch where the server can be asked."""
    blind.health = world.health
    return blind


def states(world: Watched) -> list[tuple[str, object]]:
    assert {alert.kind for alert in world.heard} <= {AlertKind.BROKER_FULL}
    return [(alert.key, alert.facts["state"]) for alert in world.heard]


def shown(stream: str) -> float | None:
    return REGISTRY.get_sample_value("echora_broker_full", {"stream": stream})


async def test_a_refusal_is_told_at_once_in_the_servers_words_and_once(
    world: Watched, intake: Intake, blind: Fullness
) -> None:
    intake.refused(EVENTS, "maximum bytes exceeded")
    for _ in range(30):
        await blind.once()
        intake.refused(EVENTS, "maximum bytes exceeded")
        world.at += 1
    assert states(world) == [(EVENTS, "begun")]
    text = world.heard[0].text
    assert "stream ANIME_EVENTS on nats://one:4222 takes no messages" in text
    assert "maximum bytes exceeded" in text
    assert "max_bytes" in text
    assert shown(EVENTS) == 1
    assert intake.full == {EVENTS: "maximum bytes exceeded"}


async def test_silence_is_told_after_a_while_with_its_usual_cause(
    world: Watched, intake: Intake, blind: Fullness
) -> None:
    intake.silent(EVENTS, 5, 0)
    world.at += SILENT_S + 5
    await blind.once()
    assert world.heard == [], "one silence is a slow server"
    intake.silent(EVENTS, 5, 0)
    await blind.once()
    assert states(world) == [(EVENTS, "begun")]
    assert "has confirmed no publish to it for 20 s" in world.heard[0].text
    assert "full disk" in world.heard[0].text
    assert "restart that NATS server" in world.heard[0].text


async def test_a_server_that_is_away_is_not_full(world: Watched, intake: Intake, blind: Fullness) -> None:
    for _ in range(3):
        intake.silent(EVENTS, 5, 0)
        world.at += 6
    world.connected = False
    await blind.once()
    world.connected = True
    intake.silent(EVENTS, 5, 1)
    await blind.once()
    assert world.heard == [], "what the connection before kept silent about says nothing of the new one"


async def test_the_servers_own_words_are_told_at_the_first_silence(
    world: Watched, intake: Intake, seeing: Fullness
) -> None:
    await seeing.once()
    intake.silent(EVENTS, 5, 0)
    world.said = NO_SPACE
    await seeing.once()
    assert states(world) == [(EVENTS, "begun")]
    assert "the disk below JetStream is full" in world.heard[0].text
    assert NO_SPACE in world.heard[0].text


async def test_a_stream_to_which_nothing_is_published_is_told_too(world: Watched, seeing: Fullness) -> None:
    world.said = NO_SPACE
    await seeing.once()
    assert states(world) == [(EVENTS, "begun")]
    world.said = None
    world.at += 60
    await seeing.once()
    assert states(world) == [(EVENTS, "begun")], "a server that does not answer is not well"
    world.said = ""
    world.at += 60
    await seeing.once()
    assert states(world) == [(EVENTS, "begun"), (EVENTS, "over")]


async def test_what_ails_the_server_otherwise_is_no_full_disk(world: Watched, intake: Intake, seeing: Fullness) -> None:
    world.said = "JetStream stream '$G > ANIME_EVENTS' is not current"
    intake.silent(EVENTS, 5, 0)
    await seeing.once()
    assert world.heard == []


async def test_it_is_over_when_messages_have_been_taken_for_a_while(
    world: Watched, intake: Intake, blind: Fullness
) -> None:
    intake.refused(LETTERS, "insufficient resources")
    await blind.once()
    world.at += 100
    intake.confirmed(LETTERS)
    await blind.once()
    # A server that was restarted on a full disk takes one or two, and then none.
    world.at += SETTLED_S / 2
    intake.refused(LETTERS, "insufficient resources")
    await blind.once()
    intake.confirmed(LETTERS)
    world.at += SETTLED_S / 2
    await blind.once()
    assert states(world) == [(LETTERS, "begun")]
    world.at += SETTLED_S / 2
    await blind.once()
    assert states(world) == [(LETTERS, "begun"), (LETTERS, "over")]
    assert "takes messages again, after 115 s" in world.heard[1].text
    assert shown(LETTERS) == 0
    assert intake.full == {}
    intake.refused(LETTERS, "insufficient resources")
    await blind.once()
    assert states(world)[2:] == [(LETTERS, "begun")], "the next time is news again"


async def test_when_nothing_waits_any_more_it_does_not_claim_to_know(
    world: Watched, intake: Intake, blind: Fullness
) -> None:
    intake.refused(EVENTS, "maximum messages exceeded")
    await blind.once()
    intake.forget(EVENTS)
    world.at += SETTLED_S
    await blind.once()
    assert "is not known" in world.heard[1].text


async def test_a_server_that_is_well_is_asked_now_and_then(world: Watched, seeing: Fullness) -> None:
    for _ in range(60):
        await seeing.once()
        world.at += 1
    assert world.asked == 6


@pytest.mark.parametrize(
    ("code", "words", "is_full"),
    [
        (10077, "maximum bytes exceeded", True),
        (10077, "maximum messages exceeded", True),
        (10077, "store is closed", False),
        (10023, "insufficient resources", True),
        (10047, "insufficient storage resources available", True),
        (10002, "resource limits exceeded for account", True),
        (10054, "message size exceeds maximum allowed", False),
        (10052, "write /data/meta.inf: no space left on device", True),
        (None, None, False),
    ],
)
def test_which_errors_say_that_there_is_no_room(code: int | None, words: str | None, is_full: bool) -> None:
    assert says_full(code, words) is is_full


def test_words_about_the_disk_name_the_stream_if_it_is_ours() -> None:
    assert stream_named(NO_SPACE) == EVENTS
    assert stream_named(NO_SPACE.replace(EVENTS, "OTHERS")) is None
    assert stream_named("JetStream stream '$G > ANIME_EVENTS' is not current") is None


@pytest.mark.parametrize("words", [NO_SPACE, ""])
def test_whoever_runs_the_server_is_told_to_restart_the_right_thing(words: str) -> None:
    assert "restart this program" in begun(EVENTS, "here", words, 12, is_ours=True)
    assert "restart that NATS server" in begun(EVENTS, "there", words, 12, is_ours=False)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, json={"status": "ok"}), ""),
        (httpx.Response(503, json={"status": "unavailable", "error": NO_SPACE}), NO_SPACE),
        (httpx.Response(502, text="<html>a proxy</html>"), None),
        (httpx.Response(500, json=["no", "object"]), None),
        (httpx.ConnectError("refused"), None),
    ],
)
async def test_the_monitoring_page_is_read_and_what_is_none_says_nothing(
    answer: httpx.Response | Exception, said: str | None
) -> None:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if isinstance(answer, Exception):
            raise answer
        return answer

    page = MonitoringPage(SecretStr("http://one:8222"), httpx.MockTransport(respond))
    assert await page() == said
    assert asked == ["http://one:8222/healthz"]
