"""The demo's data folder: made anew unless it is to go on, and never anybody else's."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from contracts.errors import Permanent
from streams.world import stood_still

MARK: Final = "demo.json"
_STOP: Final = "stopped-at"
# What was built from the registry's weights takes half a minute and is the same in every run.
_KEPT: Final = frozenset({"models"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for: the world's seed, its days, how many of its seconds pass in a real one, and the kills."""

    seed: int = 7
    days: float = 7.0
    speed: float = 2520.0
    kills: int = 0


def prepared(home: Path, plan: Plan, *, resume: bool) -> Plan:
    """The folder ready to start in, and the plan that holds in it: the given one, or the one it goes on with.

    Raises Permanent for a folder that holds something else, and when there is nothing to go on with.
    """
    mark = home / MARK
    if resume:
        return _read(mark)
    if home.exists() and not mark.exists() and any(one.name not in _KEPT for one in home.iterdir()):
        raise Permanent(f"{home} holds files that are no demo's; name another folder with --home, or empty it")
    for one in home.iterdir() if home.exists() else ():
        if one.name not in _KEPT:
            shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    return plan


def note_stop(home: Path, now: datetime) -> None:
    """Remember when the run was left, so that the world can go on from there."""
    (home / _STOP).write_text(now.isoformat(), encoding="utf-8")


def go_on(home: Path, now: datetime) -> None:
    """Let the world go on where the run was left: it stood still meanwhile."""
    stop = home / _STOP
    if stop.exists():
        stood_still(home / "world.json", now - datetime.fromisoformat(stop.read_text(encoding="utf-8")))
        stop.unlink()


def _read(mark: Path) -> Plan:
    try:
        return Plan(**json.loads(mark.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise Permanent(f"{mark.parent} holds no demo to go on with; leave --resume out to begin one") from None
    except (ValueError, TypeError) as error:
        raise Permanent(f"{mark} is no demo's plan ({error}); leave --resume out to begin anew") from error
