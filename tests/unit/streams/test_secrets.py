"""Secrets of the settings: from the environment or a file, shown nowhere, whatever is wrong with them."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from pydantic import SecretStr

from contracts.addresses import shown
from contracts.errors import Permanent
from streams.database.migrate import migrate
from streams.log import configure_logging
from streams.secret_files import SUFFIX
from streams.settings import Settings, SettingsError, load_settings, secret_names

CANARY = "c4narySingsInTheMine"
SCHEMES = {"NATS_URL": "nats", "POSTGRES_URL": "postgresql", "REDIS_URL": "redis"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
        monkeypatch.delenv(str(field.alias) + SUFFIX, raising=False)
    monkeypatch.setenv("ECHORA_SOURCES", "world")


def planted(name: str, password: str = CANARY) -> str:
    """A value of that setting that holds the canary."""
    return f"{SCHEMES.get(name, 'http')}://user:{password}@127.0.0.1:1/place" if name.endswith("_URL") else password


def value_of(settings: Settings, name: str) -> SecretStr:
    value = next(getattr(settings, key) for key, field in Settings.model_fields.items() if field.alias == name)
    assert isinstance(value, SecretStr)
    return value


def test_whatever_may_hold_a_password_is_a_secret() -> None:
    words = ("_URL", "_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_CLIENT_ID")
    names = {str(field.alias) for field in Settings.model_fields.values()}
    assert {name for name in names if name.endswith(words)} == set(secret_names())
    assert len(secret_names()) >= 15


@pytest.mark.parametrize("name", secret_names())
def test_a_secret_comes_from_the_environment_or_from_a_file_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(name, planted(name))
    given = load_settings()
    monkeypatch.delenv(name)
    (tmp_path / "secret").write_text(planted(name) + "\n")
    monkeypatch.setenv(name + SUFFIX, str(tmp_path / "secret"))
    read = load_settings()
    for settings in (given, read):
        assert value_of(settings, name).get_secret_value() == planted(name)
        assert CANARY not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_file_of_settings_may_name_files_of_secrets_too_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "id").write_text("from the file".replace(" ", "-"))
    (tmp_path / ".env").write_text(f"MAL_CLIENT_ID_FILE={tmp_path / 'id'}\n")
    assert value_of(load_settings(), "MAL_CLIENT_ID").get_secret_value() == "from-the-file"
    monkeypatch.setenv("MAL_CLIENT_ID", "from-the-environment")
    assert value_of(load_settings(), "MAL_CLIENT_ID").get_secret_value() == "from-the-environment"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff" * 30, "no UTF-8"),
        (b"x" * 70_000, "large"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("ECHORA_API_TOKEN_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match=rf"^ECHORA_API_TOKEN_FILE=.*{words}") as refused:
        load_settings()
    assert "\n" not in str(refused.value)


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHORA_API_TOKEN", CANARY)
    monkeypatch.setenv("ECHORA_API_TOKEN_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match="both set") as refused:
        load_settings()
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("name", secret_names())
@pytest.mark.parametrize("spoil", ["{}\n{}", "{}/{}", "{}#{}", "{}é{}", "[{}]{}"])
def test_a_secret_that_is_wrong_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, spoil: str
) -> None:
    """What a library would say of it shows the part that it stumbled over."""
    monkeypatch.setenv(name, planted(name, spoil.format(CANARY, CANARY)))
    said = ""
    try:
        load_settings()
    except SettingsError as error:
        said = str(error)
    assert CANARY not in said
    assert "\n" not in said
    assert not said or said.startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["NATS_URL", "QDRANT_URL", "REDIS_URL", "WORLD_URL", "ALERT_WEBHOOK_URL"])
def test_a_password_that_should_have_been_escaped_is_explained(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, planted(name, "pass/word"))
    with pytest.raises(SettingsError, match=rf"^{name}: .*%2F"):
        load_settings()
    monkeypatch.setenv(name, planted(name, quote("pass/word", safe="")))
    assert "pass%2Fword" in value_of(load_settings(), name).get_secret_value()


@pytest.mark.parametrize(
    "dsn", [f"postgresql://u:{CANARY}/x@127.0.0.1/e", f"{CANARY}://h/e", f"postgresql://h:{CANARY}/e"]
)
async def test_an_address_of_postgresql_that_cannot_be_read_is_not_shown(dsn: str) -> None:
    with pytest.raises(Permanent, match="POSTGRES_URL") as refused:
        await migrate(dsn)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("nats://h:1", "nats://h:1"),
        (f"nats://u:{CANARY}@h:1", "nats://h:1"),
        (f"nats://{CANARY}@h", "nats://h"),
        (f"http://u:{CANARY}@{CANARY}@h/v4?key={CANARY}", "http://h/v4"),
        (f"http://u:{CANARY}://{CANARY}@h", "http://h"),
        (f"u:{CANARY}@h", "h"),
    ],
)
def test_an_address_is_shown_without_who_asks(url: str, seen: str) -> None:
    assert shown(url) == seen


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_log_shows_local_variables_or_what_libraries_send(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(form, "debug")
        logging.getLogger("hpack.hpack").debug("Adding %s to the header table", ("x-mal-client-id", CANARY))
        logging.getLogger("httpcore.http2").debug("send_request_headers %s", CANARY)
        _fail_beside(CANARY)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert "Traceback" in said.getvalue()
    assert CANARY not in said.getvalue()


def _fail_beside(dsn: str) -> None:
    try:
        int("no number" if dsn else "")
    except ValueError:
        structlog.get_logger("echora").exception("the program cannot go on")
