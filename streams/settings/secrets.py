"""Which settings are secrets, and how they come from files."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from streams.secret_files import secret_from_file


class SecretFiles(PydanticBaseSettingsSource):
    """The secrets that `origin` (the environment, a .env file) does not hold itself but names files of."""

    def __init__(self, settings_cls: type[BaseSettings], origin: EnvSettingsSource) -> None:
        super().__init__(settings_cls)
        # pydantic-settings keeps the names in small letters, as they are matched whatever their case.
        self._variables = {name.upper(): value for name, value in origin.env_vars.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """The value of one field, by its alias."""
        alias = str(field.alias)
        return (secret_from_file(alias, self._variables) if is_secret(field) else None), alias, False

    def __call__(self) -> dict[str, Any]:
        """Every secret that comes from a file. Raises SecretUnreadable."""
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {alias: value for value, alias, _ in found if value is not None}


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is shown nowhere and may come from a file: everything that can hold a password is a secret."""
    return SecretStr in get_args(field.annotation)
