"""Generate contracts/gen from the .proto files, or check that it is fresh.

python -m dev.proto            writes contracts/gen
python -m dev.proto --check    exits 1 and names the files when they are stale
"""

from __future__ import annotations

import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "contracts" / "proto"
GEN = ROOT / "contracts" / "gen"


def generate(target: Path) -> None:
    """Write the Python and type stub files of every .proto into `target`, flat."""
    with tempfile.TemporaryDirectory() as scratch:
        tools = Path(sys.executable).parent
        sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
        command = [
            str(tools / "protoc"),
            f"-I{PROTO}",
            f"--plugin=protoc-gen-mypy={tools / 'protoc-gen-mypy'}",
            f"--python_out={scratch}",
            f"--mypy_out=quiet:{scratch}",
            *sources,
        ]
        subprocess.run(command, check=True, cwd=PROTO)
        target.mkdir(parents=True, exist_ok=True)
        (target / "__init__.py").write_text('"""Generated from contracts/proto by dev/proto.py; do not edit."""\n')
        for path in Path(scratch).rglob("*_pb2.py*"):
            # protoc writes imports by the proto's package path; ours is the package contracts.gen.
            text = re.sub(r"\b(from|import) echora\.events\.v1\b", r"\1 contracts.gen", path.read_text())
            text = text.replace("echora.events.v1.model_pb2", "contracts.gen.model_pb2")
            (target / path.name).write_text(text)


def stale(target: Path) -> list[str]:
    """Names of generated files that differ from what the .proto files give now."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "gen"
        generate(fresh)
        names = {path.name for path in fresh.iterdir()} | {path.name for path in target.glob("*.py*")}
        return sorted(name for name in names if not _same(fresh / name, target / name))


def _same(left: Path, right: Path) -> bool:
    return left.exists() and right.exists() and filecmp.cmp(left, right, shallow=False)


def regenerate() -> None:
    """Write contracts/gen anew."""
    shutil.rmtree(GEN, ignore_errors=True)
    generate(GEN)
