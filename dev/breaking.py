"""Refuse a change of the contracts that breaks readers, unless their major version was raised.

python -m dev.breaking     exits 1 and says what breaks

contracts/VERSION is the version that the .proto files have now; contracts/releases holds an image of each release.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dev.proto import PROTO, ROOT

VERSION = ROOT / "contracts" / "VERSION"
RELEASES = ROOT / "contracts" / "releases"


@dataclass(frozen=True, order=True, slots=True)
class Version:
    """Major for a break, minor for what is added, patch for words."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Reads 1.2.3; ValueError for anything else."""
        major, minor, patch = (int(part) for part in text.strip().split("."))
        return cls(major, minor, patch)


def newest(releases: Path) -> tuple[Version, Path]:
    """The last release and its image; ValueError when there is none."""
    return max((Version.parse(path.stem), path) for path in releases.glob("*.binpb"))


def lint(proto: Path = PROTO) -> str:
    """What buf finds wrong with the style of the .proto files; empty when nothing."""
    return _buf("lint", str(proto))


def refusal(proto: Path = PROTO, releases: Path = RELEASES, version: Path = VERSION) -> str:
    """Why the change may not be released under this version; empty when it may."""
    now = Version.parse(version.read_text(encoding="utf-8"))
    released, image = newest(releases)
    if now < released:
        return f"contracts/VERSION says {now}, but {released} is released already"
    if now.major > released.major:
        return ""
    found = _buf("breaking", str(proto), "--against", str(image))
    return f"{found}This breaks readers of {image.stem}: raise the major version in contracts/VERSION" if found else ""


def _buf(*arguments: str) -> str:
    program = Path(sys.executable).parent / "buf"
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def main() -> int:
    """Print what is refused; the exit code says whether anything is."""
    found = lint() + refusal()
    if found:
        print(found, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
