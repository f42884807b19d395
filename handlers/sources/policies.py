"""The policies that settings ask for: those of the live services, or those of a simulated world at one address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from contracts.addresses import shown
from handlers.sources.mal import CLIENT_ID_HEADER
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import SourceAdapter
from handlers.sources.sources import SOURCES

# Where a world serves each dialect below its own address.
WORLD_PATHS: Final = MappingProxyType(
    {"jikan": "/jikan/v4", "anilist": "/anilist", "kitsu": "/kitsu/api/edge", "mal": "/mal/v2"}
)


def live_policies(
    base_urls: Mapping[str, str] | None = None,
    enabled: Mapping[str, bool] | None = None,
    mal_client_id: str | None = None,
    adapters: Mapping[str, SourceAdapter] = SOURCES,
) -> dict[str, SourcePolicy]:
    """The adapters' own policies with the settings laid over them; MyAnimeList is on once it has a client id."""
    found = {name: adapter.policy for name, adapter in adapters.items()}
    if mal_client_id and "mal" in found:
        found["mal"] = replace(found["mal"], enabled=True, headers={CLIENT_ID_HEADER: mal_client_id})
    for name, url in (base_urls or {}).items():
        found[name] = replace(found[name], base_url=url)
    for name, on in (enabled or {}).items():
        found[name] = replace(found[name], enabled=on)
    return found


def world_policies(world_url: str, enabled: Mapping[str, bool] | None = None) -> dict[str, SourcePolicy]:
    """The same rates and times against a world: only the addresses differ, and every source is on by itself."""
    base_urls = {name: world_url.rstrip("/") + path for name, path in WORLD_PATHS.items()}
    on = dict.fromkeys(WORLD_PATHS, True) | dict(enabled or {})
    return live_policies(base_urls, on, mal_client_id="world")


def world_url_of(policies: Mapping[str, SourcePolicy]) -> str | None:
    """Where the world is that these policies ask, to be shown; None when they ask somebody else."""
    for name, path in WORLD_PATHS.items():
        if name in policies and policies[name].base_url.endswith(path):
            return shown(policies[name].base_url.removesuffix(path))
    return None
