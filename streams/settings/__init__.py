"""Every setting, read from the environment (and a .env file) in one place; a file for each part of the program.

docs/configuration.md is generated from it.
"""

from streams.settings.addresses import is_loopback, unguarded
from streams.settings.load import PREFIX, SettingsError, load_settings
from streams.settings.secrets import is_secret
from streams.settings.whole import Settings, secret_names

__all__ = [
    "PREFIX",
    "Settings",
    "SettingsError",
    "is_loopback",
    "is_secret",
    "load_settings",
    "secret_names",
    "unguarded",
]
