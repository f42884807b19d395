"""Every bound on size and count in one table. A name ends in its unit."""

from __future__ import annotations

from typing import Final

# --- Bytes on the wire ---------------------------------------------------------------------------------------
# NATS refuses a payload above 1 MiB by default; headers count too, so events stay below it.
EVENT_BYTES_MAX: Final = 1_000_000
# What a publisher's headers may add to an event; the stream takes no larger message.
HEADERS_BYTES_MAX: Final = 65_536
# A dead letter is its message plus headers and story, so the server and its stream allow more than an event.
DEAD_LETTER_BYTES_MAX: Final = 1_200_000
SERVER_PAYLOAD_BYTES_MAX: Final = 1_572_864
# upb parses 2 MB of empty submessages into 41 MB and takes seconds to walk them: small events are capped lower.
SMALL_EVENT_BYTES_MAX: Final = 65_536
# A part of a split record stays well below the event limit, so that headers and framing always fit.
RECORD_PART_BYTES_MAX: Final = 700_000
POISON_SAMPLE_BYTES_MAX: Final = 256

# --- Text and lists in a record ------------------------------------------------------------------------------
TITLE_CHARS_MAX: Final = 1_000
TEXT_CHARS_MAX: Final = 65_536
SHORT_CHARS_MAX: Final = 2_000
URL_CHARS_MAX: Final = 4_096
LIST_ITEMS_MAX: Final = 5_000
MAP_ITEMS_MAX: Final = 2_000
# Why a value was believed is kept beside it in every row, so it is told in short.
BRIEF_CHARS_MAX: Final = 200
DISSENTS_MAX: Final = 16

# --- Numbers that a record may hold --------------------------------------------------------------------------
YEAR_MIN: Final = 1900
YEAR_MAX: Final = 2100
EPISODE_NUMBER_MAX: Final = 100_000
DURATION_S_MAX: Final = 86_400 * 7
COUNT_MAX: Final = 2_147_483_647
# Versions and sequences are int64 on the wire and bigint in the database.
VERSION_MAX: Final = 2**63 - 1

# --- Work in flight ------------------------------------------------------------------------------------------
INGEST_RECORD_BYTES_MAX: Final = 64 * 1024 * 1024
INGEST_RECORDS_IN_FLIGHT_MAX: Final = 500
SEARCH_LIMIT_MAX: Final = 100
SEARCH_QUERY_CHARS_MAX: Final = 2_000
ATTEMPTS_MAX: Final = 5
# One relay is active per bucket of entities; the outbox's column is constrained to this many.
OUTBOX_BUCKETS: Final = 16
