"""Asking the running program over HTTP."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from contracts.addresses import shown
from streams.cli.failure import ExitCode, Failure
from streams.secret_files import SecretUnreadable, secret_from_file

if TYPE_CHECKING:
    import httpx

URL: Final = "ECHORA_URL"
CREDENTIAL: Final = "ECHORA_API_TOKEN"
URL_DEFAULT: Final = "http://127.0.0.1:8000"
CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 30.0
# The program gives a record up after a minute in which nothing was decided, so it says something before this.
VERDICT_TIMEOUT_S: Final = 180.0
# A source takes one request a second or so; the program stops waiting for it a little before this.
FETCH_TIMEOUT_S: Final = 180.0
# A workflow of a large catalogue is paused, resumed or backfilled some thousands of rows at a time.
SCHEDULE_TIMEOUT_S: Final = 600.0
_USAGE: Final = frozenset({422})


def address() -> str:
    """Where the program is expected."""
    return os.environ.get(URL, "").strip().rstrip("/") or URL_DEFAULT


def _credentials() -> dict[str, str]:
    try:
        token = (secret_from_file(CREDENTIAL, os.environ) or os.environ.get(CREDENTIAL, "")).strip()
    except SecretUnreadable as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    if not re.fullmatch(r"[!-~]*", token):
        # The library that cannot send it would show it.
        raise Failure(f"{CREDENTIAL} holds a blank or a character that no header carries", ExitCode.USAGE)
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def connection(read_timeout_s: float = READ_TIMEOUT_S) -> Iterator[httpx.Client]:
    """A client of the program. Ends the command when the program cannot be reached."""
    import httpx

    url = address()
    timeout = httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S)
    try:
        # Proxies of the environment are for other machines than the one that the program runs on.
        with httpx.Client(base_url=url, timeout=timeout, trust_env=False, headers=_credentials()) as client:
            yield client
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        why = "" if shown(url) != url else f": {error}"
        raise Failure(f"{URL} is {shown(url)!r}, which is no address{why}; try {URL_DEFAULT}", ExitCode.USAGE) from None
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise Failure(
            f"nothing answers at {shown(url)}; start the program with `make run`, or set {URL} to where it runs",
            ExitCode.UNREACHABLE,
        ) from None
    except httpx.TransportError as error:
        why = str(error) or type(error).__name__
        raise Failure(
            f"the program at {shown(url)} broke off: {why}; see its log, then try again", ExitCode.UNREACHABLE
        ) from None


def answer(response: httpx.Response) -> Any:
    """The JSON that the program answered. Ends the command when it answered with a problem."""
    if response.is_success:
        return response.json()
    raise Failure(_problem(response), ExitCode.USAGE if response.status_code in _USAGE else ExitCode.REFUSED)


def _problem(response: httpx.Response) -> str:
    try:
        document = response.json()
        return f"{document['title']}: {document['detail']}"
    except (ValueError, LookupError, TypeError):
        return f"{shown(str(response.url))} answered {response.status_code} and no problem document; is {URL} right?"


def ask(path: str, read_timeout_s: float = READ_TIMEOUT_S, **parameters: Any) -> Any:
    """GET, with the parameters that are given."""
    with connection(read_timeout_s) as client:
        return answer(client.get(path, params={name: value for name, value in parameters.items() if value is not None}))


def send(path: str, body: Any, read_timeout_s: float = READ_TIMEOUT_S) -> Any:
    """POST a JSON body."""
    with connection(read_timeout_s) as client:
        return answer(client.post(path, json=body))
