"""HTTP for the sources: one pooled client, bounded in time, size and destination. The transport is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from contracts.errors import EchoraError, Permanent, Transient
from handlers.sources.errors import Unreadable
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Call, Reply

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
_CONNECTIONS_MAX: Final = 40
_USER_AGENT: Final = "echora-streams (anime catalogue; asks rarely and in batches)"


def http_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client of all sources: HTTP/2, pooled. A redirect is followed by `Sender`, as a request like any other."""
    return httpx.AsyncClient(
        http2=transport is None,
        transport=transport,
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=_CONNECTIONS_MAX, max_keepalive_connections=_CONNECTIONS_MAX),
        headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip"},
    )


@dataclass(frozen=True, slots=True)
class Http:
    """Sends the calls of one source."""

    source: str
    policy: SourcePolicy
    client: httpx.AsyncClient

    async def send(self, request: httpx.Request) -> Reply | httpx.Request:
        """One exchange: what came back, or the request that a redirect asks for.

        Transient for timeouts and connections, Unreadable for a good status without JSON, Permanent for a host that is
        not one of the source's.
        """
        try:
            self._check(request.url)
            response = await self.client.send(request, stream=True)
            try:
                body = b"" if response.is_redirect else await self._body(response)
            finally:
                await response.aclose()
            return self._redirected(request, response) if response.is_redirect else self._reply(response, body)
        except httpx.TimeoutException as error:
            raise Transient(f"{self.source} did not answer in time ({type(error).__name__})") from error
        except httpx.DecodingError as error:
            raise Unreadable(f"{self.source} sent a body that cannot be decompressed: {error}") from error
        except (httpx.TransportError, OSError) as error:
            raise Transient(f"{self.source} cannot be reached: {error or type(error).__name__}") from error
        except httpx.InvalidURL as error:
            raise self._no_address(error) from error

    def request(self, call: Call) -> httpx.Request:
        """The request of a call. Raises Permanent when the base URL is no address."""
        timeout = httpx.Timeout(
            self.policy.read_timeout_s, connect=self.policy.connect_timeout_s, pool=self.policy.read_timeout_s
        )
        headers = {"Accept": "application/json, application/vnd.api+json", **self.policy.headers}
        try:
            return self.client.build_request(
                "GET" if call.body is None else "POST",
                self.policy.base_url.rstrip("/") + call.path,
                params=list(call.params) or None,
                json=call.body,
                headers=headers,
                timeout=timeout,
            )
        except httpx.InvalidURL as error:
            raise self._no_address(error) from error

    def _no_address(self, error: httpx.InvalidURL) -> Permanent:
        return Permanent(f"{self.source}: the address is not one: {error}; look at its base URL")

    def _check(self, url: httpx.URL) -> None:
        if url.host not in self.policy.hosts() or url.scheme not in ("http", "https"):
            raise Permanent(
                f"{self.source} would go to {url.scheme}://{url.host}, which is not one of its hosts; "
                "if that is right, add the host to the source's allowed hosts"
            )

    async def _body(self, response: httpx.Response) -> bytes:
        # Counted after decompression and while reading, so that a small body cannot unfold into a large one.
        parts: list[bytes] = []
        size = 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > BODY_BYTES_MAX:
                raise Permanent(f"{self.source} sent more than {BODY_BYTES_MAX} bytes; ask for fewer at a time")
            parts.append(chunk)
        return b"".join(parts)

    def _redirected(self, request: httpx.Request, response: httpx.Response) -> httpx.Request:
        target = request.url.join(response.headers.get("location", ""))
        if request.method != "GET" and response.status_code not in (307, 308):
            raise Permanent(f"{self.source} redirected a POST to {target.host} with {response.status_code}")
        if request.url.scheme == "https" and target.scheme != "https":
            raise Permanent(f"{self.source} redirected from https to {target.scheme}, which is refused")
        # The host follows from the target. What the policy sends (a client id), and what the client made of a user and
        # password in the address, is for the first host only.
        secrets = {"authorization"} | {name.lower() for name in self.policy.headers}
        ours = {"host"} | (set() if target.host == request.url.host else secrets)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ours}
        return httpx.Request(
            request.method, target, headers=headers, content=request.content, extensions=request.extensions
        )

    def _reply(self, response: httpx.Response, body: bytes) -> Reply:
        data: Any = None
        problem: EchoraError | None = None
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            problem = Unreadable(f"{self.source} answered {response.status_code} without JSON: {error}")
        if problem is None and not isinstance(data, dict):
            problem = Unreadable(f"{self.source} answered {response.status_code} with JSON that is no object")
        # Proxies answer errors in HTML: there the status says enough.
        if problem is not None and response.status_code < 400:
            raise problem
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, data if isinstance(data, dict) else {})
