"""What an address or a token in a setting has to look like. What is wrong is said without showing the value."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

_ESCAPED: Final = " (in a password, write / ? # @ and % as %2F %3F %23 %40 %25)"


def http_address(value: SecretStr | None, example: str, *, is_base: bool) -> SecretStr | None:
    """An HTTP address; one that is a base for others has no query and loses the slash at its end."""
    if value is None:
        return None
    address = value.get_secret_value()
    if not _has_host(address, ("http", "https")) or (is_base and urlsplit(address).query):
        raise ValueError(f"is no address; give scheme, host and path, such as {example}" + _ESCAPED)
    return SecretStr(address.rstrip("/")) if is_base else value


def server_address(value: SecretStr | None, schemes: tuple[str, ...]) -> SecretStr | None:
    """The address of a server that speaks one of the schemes."""
    if value is not None and not _has_host(value.get_secret_value(), schemes):
        raise ValueError(f"is no address; give scheme, host and port, such as {schemes[0]}://host.example" + _ESCAPED)
    return value


def header_value(value: SecretStr | None) -> SecretStr | None:
    """What a header can carry, without blanks around it."""
    # A library that cannot send it would put it into its error.
    stripped = value.get_secret_value().strip() if value is not None else None
    if stripped is not None and not re.fullmatch(r"[!-~]*", stripped):
        raise ValueError("holds a blank, a line break or a character that no header carries; look at its quoting")
    return SecretStr(stripped) if stripped is not None else None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def unguarded(host: str) -> str:
    """Why the program does not listen there without a token."""
    return f"HTTP on {host} is reached from other machines: set ECHORA_API_TOKEN, or listen on 127.0.0.1"


def _has_host(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        # The library's error would show the part of a password that it took for the port.
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
