"""When the program is killed: at moments that look random and follow from the seed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

# Not in the very beginning, which is the start of everything, and not so late that the end is part of the start.
_FIRST: Final = 0.03
_LAST: Final = 0.95


def kill_times(kills: int, seed: int, start: datetime, length: timedelta) -> list[datetime]:
    """The moments of the world's time, earliest first."""
    chance = random.Random(f"kills {seed}")
    return sorted(start + chance.uniform(_FIRST, _LAST) * length for _ in range(kills))
