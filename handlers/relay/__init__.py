"""Relay: what was committed leaves PostgreSQL, in order per entity, and is marked once NATS has it."""

from handlers.relay.message import Outgoing, outgoing
from handlers.relay.store import OutboxStore
from handlers.relay.work import Publish, drain

__all__ = ["OutboxStore", "Outgoing", "Publish", "drain", "outgoing"]
