"""The space that vectors live in: which model made them, how long they are, and the vector's name in the collection."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from contracts.errors import Refused

COLLECTION: Final = "anime_database"
DIMENSIONS_MAX: Final = 65_536
_NAME_CHARS_MAX: Final = 48
_ID_MAX: Final = 2**128 - 1


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """A model and the number of dimensions of its vectors; the distance is always cosine."""

    model: str
    dimensions: int

    def __post_init__(self) -> None:
        if not 0 < self.dimensions <= DIMENSIONS_MAX:
            raise ValueError(f"vector space of {self.model}: dimensions must be 1 to {DIMENSIONS_MAX}")

    @property
    def vector_name(self) -> str:
        """The name of this model's vector; each model has its own, so that two can stand side by side."""
        return vector_name(self.model)

    def missing_from(self, place: str, present: Sequence[str]) -> str:
        """The message for a collection that was filled by other models only."""
        return (
            f"{place} holds the vectors {', '.join(present) or 'none'} but not {self.vector_name} of {self.model}: "
            "set EMBEDDING_MODEL back and start, then let `echora reindex --model` fill in the other one"
        )

    def differs_from(self, place: str, dimensions: object, distance: object) -> str:
        """The message for a collection whose vector of that name has another shape."""
        return (
            f"{place} holds {self.vector_name} with {dimensions} dimensions and distance {distance}, but {self.model} "
            f"makes {self.dimensions} dimensions for Cosine: correct the model's setting or name another place"
        )


def vector_name(model: str) -> str:
    """A name safe for files and URLs: the last part of the model's name for people, a digest of all of it for truth."""
    readable = re.sub(r"[^a-z0-9]+", "-", model.rsplit("/", 1)[-1].lower()).strip("-")[:_NAME_CHARS_MAX]
    digest = hashlib.sha256(model.encode()).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest


def checked_vector(
    owner: UUID | str, vector: Sequence[float] | NDArray[np.floating[Any]], dimensions: int
) -> NDArray[np.float32]:
    """The vector as 32-bit floats; Refused when its length is wrong or a value is not a finite number."""
    try:
        array = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise Refused(str(owner), "vector", "holds something that is not a number") from error
    if array.shape != (dimensions,):
        raise Refused(str(owner), "vector", f"has shape {array.shape}, the index holds {dimensions} dimensions")
    if not np.isfinite(array).all():
        raise Refused(str(owner), "vector", "holds a value that is not finite")
    return array


def first_after(after: UUID | None) -> UUID | None:
    """The id at which a scroll goes on behind `after`; None when no id can follow. Ids are ordered as numbers."""
    if after is None:
        return UUID(int=0)
    return UUID(int=after.int + 1) if after.int < _ID_MAX else None
