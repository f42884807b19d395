"""What the delivery counts. Labels are names from the topology, never subjects that carry ids."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

HANDLED = Counter("echora_messages_handled_total", "Messages whose effect was committed.", ["consumer"])
DEAD_LETTERS = Counter("echora_dead_letters_total", "Messages given up.", ["consumer", "error"])
LETTERS_WAITING = Gauge("echora_dead_letters_waiting", "Dead letters that wait for a person.")
OUTAGES = Counter(
    "echora_outages_total", "Times a consumer began to wait for a dependency.", ["consumer", "dependency"]
)
LATENESS = Histogram(
    "echora_look_late_seconds",
    "How long after its time a look began, in seconds of the catalogue's clock.",
    ["workflow"],
    buckets=(1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800),
)
LOOKS = Counter("echora_looks_total", "Looks that ended, and ticks that were ignored.", ["workflow", "outcome"])
MISSES = Counter("echora_schedule_misses_total", "Slots that passed without a look.", ["workflow", "reason"])
POINTS = Counter("echora_points_total", "Points that followed their rows: embedded, patched or deleted.", ["way"])
