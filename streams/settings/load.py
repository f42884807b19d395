"""Reading the environment, and saying in one line what is wrong with it."""

from __future__ import annotations

import os

from pydantic import ValidationError

from streams.secret_files import SUFFIX, SecretUnreadable
from streams.settings.whole import Settings, secret_names

PREFIX = "ECHORA_"


class SettingsError(Exception):
    """A setting is wrong; the message is one line that names it and says what to do."""


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError with one line that names what is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    except SecretUnreadable as error:
        raise SettingsError(str(error)) from None
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and not _is_known(name))
    if unknown:
        raise SettingsError(
            f"{unknown[0]} is no setting of this program; see docs/configuration.md for those there are"
        )
    return settings


# Read by the command line and the tests, not by the program itself.
_ELSEWHERE = frozenset({"ECHORA_URL", "ECHORA_RECORDINGS"})


def _is_known(name: str) -> bool:
    names = {str(field.alias) for field in Settings.model_fields.values()} | _ELSEWHERE
    names |= {secret + SUFFIX for secret in secret_names()}
    return name in names or name.startswith(f"{PREFIX}TEST_")


def _one_line(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    name = str(found["loc"][0]) if found["loc"] else ""
    said = found["msg"].removeprefix("Value error, ")
    value = os.environ.get(name)
    shown = f"={value}" if name and value is not None and name not in secret_names() else ""
    more = error.error_count() - 1
    return f"{name}{shown}{': ' if name else ''}{said}" + (f" (and {more} more)" if more else "")
