"""Write everything that is generated, or say what is stale.

python -m dev.generate            writes
python -m dev.generate --check    exits 1 and names what is stale
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from dev import configuration, proto
from streams import access

ROOT = Path(__file__).resolve().parent.parent


def pages() -> dict[Path, Callable[[], str]]:
    """The generated text files, and what each should hold."""
    return {
        ROOT / "asyncapi.yaml": asyncapi_yaml,
        ROOT / "docs" / "configuration.md": configuration.page,
        ROOT / "deploy" / "postgres" / "roles.sql": access.roles_sql,
        ROOT / "deploy" / "nats" / "users.conf": access.users_conf,
    }


def asyncapi_yaml() -> str:
    """The AsyncAPI document of the whole graph; no setting of this machine enters it."""
    from streams.asyncapi import as_yaml
    from streams.compose import wire
    from streams.settings import Settings
    from streams.start import Servers

    settings = Settings(_env_file=None)
    return as_yaml(wire(settings, Servers(None, "nats://localhost:4222", "", ())).broker)


def main() -> int:
    """Generate or check; returns the exit code."""
    if "--check" not in sys.argv:
        proto.regenerate()
        for path, content in pages().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(content(), encoding="utf-8")
        return 0
    names = [f"contracts/gen/{name}" for name in proto.stale(proto.GEN)]
    names += [
        str(path.relative_to(ROOT))
        for path, content in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != content()
    ]
    if names:
        print(f"stale: {', '.join(names)}. Run: make generate", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
