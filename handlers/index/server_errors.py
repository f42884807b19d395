"""Errors of the Qdrant client, translated where they arise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from contracts.errors import EchoraError, Outage, Permanent, Transient

_ANSWER_CHARS_MAX: Final = 300
_NO_SUCH_VECTOR: Final = "Not existing vector name"
# A key that is refused and a collection that is gone are nobody's message's fault: an operator, or `prepare`, mends
# them, and meanwhile nothing may end in the dead letters.
_NOT_THE_REQUEST: Final = frozenset({401, 403, 404, 408, 502, 503, 504})


@contextmanager
def translating() -> Iterator[None]:
    """Raise what the client raises inside as an error of ours."""
    try:
        yield
    except ResourceExhaustedResponse as error:
        raise Transient(f"Qdrant asks to slow down: {error}", retry_after_s=float(error.retry_after_s)) from error
    except UnexpectedResponse as error:
        raise answered(error.status_code, error.content.decode(errors="replace")) from error
    except ResponseHandlingException as error:
        raise Outage("Qdrant", f"{type(error.source).__name__}: {error.source}") from error
    except (ApiException, QdrantException) as error:
        raise Transient(f"Qdrant: {error}") from error
    except (ConnectionError, TimeoutError, RuntimeError) as error:
        # RuntimeError is what a closed client raises.
        raise Outage("Qdrant", str(error)) from error
    except ValueError as error:
        if _NO_SUCH_VECTOR in str(error):
            raise Outage("Qdrant", str(error)) from error
        raise Permanent(f"Qdrant refuses the request: {error}") from error


def answered(status: int | None, body: str) -> EchoraError:
    """What an answer other than success means."""
    said = f"answered {status}: {body[:_ANSWER_CHARS_MAX]}"
    # A vector that was removed: whoever still used it is given the new one with the next try.
    if status is None or status in _NOT_THE_REQUEST or _NO_SUCH_VECTOR in body:
        return Outage("Qdrant", said)
    if status == 429 or status >= 500:
        return Transient(f"Qdrant {said}")
    return Permanent(f"Qdrant {said}")
