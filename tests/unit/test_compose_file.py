"""docker-compose.yml gives the program what it needs, and nobody else a way in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from streams.embedded.postgres import MAJOR
from tests.containers import NATS_IMAGE, POSTGRES_IMAGE, QDRANT_IMAGE

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NATS_CONFIGURATION = (ROOT / "deploy" / "nats" / "nats.conf").read_text()


def setting(name: str) -> str:
    """The value of a setting of nats.conf."""
    found = re.search(rf"^\s*{name}\s*[:=]\s*(\S+)\s*$", NATS_CONFIGURATION, re.MULTILINE)
    assert found, f"{name} is not set"
    return found[1].strip('"')


def image(service: str) -> tuple[str, tuple[int, ...]]:
    """The image of a service and its version."""
    name, _, tag = str(SERVICES[service]["image"]).partition(":")
    return name, tuple(int(number) for number in re.findall(r"\d+", tag))


def test_the_three_servers_are_new_enough() -> None:
    assert image("nats")[1] >= (2, 14)
    assert image("postgres")[1] == (MAJOR,)
    # Updates under a condition came with 1.16, and those that never insert with 1.17.
    assert image("qdrant")[1] >= (1, 17)


def test_the_tests_on_containers_run_the_same_images() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert {NATS_IMAGE, POSTGRES_IMAGE, QDRANT_IMAGE} == images


def test_nats_takes_the_largest_dead_letter_and_syncs_always() -> None:
    assert int(setting("max_payload")) >= SERVER_PAYLOAD_BYTES_MAX
    assert setting("sync_interval") == "always"


def test_the_store_of_nats_is_on_a_volume() -> None:
    folder = setting("store_dir")
    mounts = dict(str(mount).split(":")[:2][::-1] for mount in SERVICES["nats"]["volumes"])
    assert mounts[folder] in COMPOSE["volumes"]
    read = SERVICES["nats"]["command"][-1]
    assert (ROOT / mounts[read]).resolve() == ROOT / "deploy" / "nats" / "nats.conf"


@pytest.mark.parametrize("service", SERVICES)
def test_every_server_is_checked_kept_and_out_of_reach_of_others(service: str) -> None:
    described = SERVICES[service]
    assert {"test", "interval", "timeout", "retries"} <= set(described["healthcheck"])
    for port in described["ports"]:
        assert str(port).startswith("127.0.0.1:"), port
    assert any(str(mount).split(":")[0] in COMPOSE["volumes"] for mount in described["volumes"])


def test_qdrant_has_a_key_that_writes_and_one_that_only_reads() -> None:
    environment = SERVICES["qdrant"]["environment"]
    keys = environment["QDRANT__SERVICE__API_KEY"], environment["QDRANT__SERVICE__READ_ONLY_API_KEY"]
    assert keys[0] != keys[1]
    assert keys[0].startswith("${QDRANT_API_KEY")
    assert keys[1].startswith("${QDRANT_READ_ONLY_API_KEY")
