"""HTTP: what is sent where, how much is read, and what becomes of redirects and errors."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import httpx
import pytest

from contracts.errors import Permanent, Transient
from handlers.sources.errors import Unreadable
from handlers.sources.http import BODY_BYTES_MAX, Http, http_client
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Call

POLICY = SourcePolicy(
    base_url="https://api.example/v2/",
    headers={"X-Client": "secret"},
    allowed_hosts=frozenset({"mirror.example"}),
)


async def send(answer: Callable[[httpx.Request], httpx.Response], call: Call | None = None) -> object:
    """What came back in the end, past redirects."""
    async with http_client(httpx.MockTransport(answer)) as client:
        http = Http("x", POLICY, client)
        came: object = http.request(call or Call("/anime/1", params=(("fields", "a,b"),)))
        while isinstance(came, httpx.Request):
            came = await http.send(came)
        return came


async def test_a_request_carries_path_parameters_and_headers() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"a": 1}, headers={"X-Thing": "Yes"})

    reply = await send(answer)
    assert (seen[0].method, seen[0].url.host, seen[0].url.path) == ("GET", "api.example", "/v2/anime/1")
    assert seen[0].url.params["fields"] == "a,b"
    assert seen[0].headers["x-client"] == "secret"
    assert reply.headers["x-thing"] == "Yes"  # type: ignore[attr-defined]
    await send(answer, Call("", body={"query": "{}"}))
    assert seen[1].method == "POST"
    assert json.loads(seen[1].content) == {"query": "{}"}


async def test_a_small_body_that_unfolds_into_a_large_one_is_refused() -> None:
    bomb = gzip.compress(b"[" + b" " * (BODY_BYTES_MAX + 1) + b"]")
    assert len(bomb) < 20_000
    with pytest.raises(Permanent, match="more than 8388608 bytes"):
        await send(lambda _: httpx.Response(200, content=bomb, headers={"Content-Encoding": "gzip"}))


async def test_a_body_of_just_the_limit_is_read() -> None:
    text = b'{"a":"' + b"x" * (BODY_BYTES_MAX - 8) + b'"}'
    assert len(text) == BODY_BYTES_MAX
    reply = await send(lambda _: httpx.Response(200, content=text))
    assert len(reply.data["a"]) == BODY_BYTES_MAX - 8  # type: ignore[attr-defined]


async def test_redirects_go_to_allowed_hosts_only() -> None:
    def to(target: str) -> Callable[[httpx.Request], httpx.Response]:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.host == "mirror.example" or request.url.path == "/v2/moved":
                assert request.url.host == "api.example" or "x-client" not in request.headers, "the id stays at home"
                return httpx.Response(200, json={"host": request.url.host})
            return httpx.Response(302, headers={"Location": target})

        return answer

    assert (await send(to("/v2/moved"))).data == {"host": "api.example"}  # type: ignore[attr-defined]
    assert (await send(to("https://mirror.example/x"))).data == {"host": "mirror.example"}  # type: ignore[attr-defined]
    with pytest.raises(Permanent, match=r"evil\.example, which is not one of its hosts"):
        await send(to("https://evil.example/x"))
    with pytest.raises(Permanent, match="from https to http"):
        await send(to("http://mirror.example/x"))
    with pytest.raises(Permanent, match="redirected a POST"):
        await send(to("https://mirror.example/x"), Call("", body={}))


async def test_an_address_that_is_none_is_said() -> None:
    async with http_client() as client:
        nowhere = Http("x", SourcePolicy(base_url="https://api.example:port"), client)
        with pytest.raises(Permanent, match="look at its base URL"):
            nowhere.request(Call("/anime/1"))


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (200, b"<html></html>", Unreadable),
        (200, b'{"a": 1', Unreadable),
        (200, b"[]", Unreadable),
        (200, b"", Unreadable),
        (200, b'{"a": NaN}', Unreadable),
    ],
)
async def test_what_is_not_json_is_unreadable(status: int, content: bytes, expected: type[Transient]) -> None:
    with pytest.raises(expected):
        await send(lambda _: httpx.Response(status, content=content))


async def test_an_error_in_html_keeps_its_status() -> None:
    reply = await send(lambda _: httpx.Response(502, text="<html>bad gateway</html>"))
    assert (reply.status, reply.data) == (502, {})  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.PoolTimeout, httpx.RemoteProtocolError])
async def test_what_the_network_does_may_pass(error: type[httpx.TransportError]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("as arranged", request=request)

    with pytest.raises(Transient):
        await send(answer)


async def test_a_body_that_cannot_be_decompressed() -> None:
    with pytest.raises(Unreadable, match="decompressed"):
        await send(lambda _: httpx.Response(200, stream=_Broken(), headers={"Content-Encoding": "gzip"}))


class _Broken(httpx.AsyncByteStream):
    async def __aiter__(self):  # type: ignore[no-untyped-def]
        yield b"this is no gzip"
