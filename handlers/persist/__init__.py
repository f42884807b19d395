"""Persist: events become rows. A batch is one transaction of set-based statements; an effect takes place once."""

from handlers.persist.batch import Outcome, Step, apply
from handlers.persist.deleted import delete_anime

__all__ = ["Outcome", "Step", "apply", "delete_anime"]
