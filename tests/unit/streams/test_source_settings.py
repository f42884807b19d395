"""Which sources the settings mean, and what is refused in one line at start."""

from __future__ import annotations

import pytest

from streams.settings import Settings, SettingsError, load_settings

OURS = {str(field.alias) for field in Settings.model_fields.values()}
SERVERS = {
    "NATS_URL": "nats://127.0.0.1:1",
    "POSTGRES_URL": "postgresql://127.0.0.1/x",
    "QDRANT_URL": "http://127.0.0.1:1",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))  # No .env of a person who runs the tests.
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_without_any_setting_it_is_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch).asks_world


@pytest.mark.parametrize("server", SERVERS)
def test_with_a_server_of_ones_own_the_sources_must_be_said(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    with pytest.raises(SettingsError, match=r"ECHORA_SOURCES is not set.*live.*world") as refused:
        given(monkeypatch, **{server: SERVERS[server]})
    assert "\n" not in str(refused.value)
    assert given(monkeypatch, ECHORA_SOURCES="world").asks_world
    assert not given(monkeypatch, ECHORA_SOURCES="live").asks_world


def test_a_process_that_asks_no_source_need_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not given(monkeypatch, ECHORA_ROLES="persist,relay", **SERVERS).runs("update")


@pytest.mark.parametrize("name", ["WORLD_URL", "JIKAN_BASE_URL", "ANILIST_BASE_URL", "KITSU_BASE_URL", "MAL_BASE_URL"])
@pytest.mark.parametrize("value", ["nonsense", "127.0.0.1:8400", "ftp://host/x", "http://", "http://h:port/", ""])
def test_an_address_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: ") as refused:
        given(monkeypatch, **{name: value})
    assert "\n" not in str(refused.value)


def test_an_address_loses_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    found = given(monkeypatch, JIKAN_BASE_URL="http://127.0.0.1:8400/jikan/v4/").jikan_base_url
    assert found is not None
    assert found.get_secret_value() == "http://127.0.0.1:8400/jikan/v4"


def test_neither_world_nor_live_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="ECHORA_SOURCES=dream"):
        given(monkeypatch, ECHORA_SOURCES="dream")
