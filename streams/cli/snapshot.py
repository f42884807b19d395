"""`echora snapshot` and `echora restore`."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, cast

import typer

from streams.cli.client import answer, connection
from streams.cli.failure import ExitCode, Failure
from streams.cli.files import take_name
from streams.cli.output import print_json, print_table

if TYPE_CHECKING:
    from handlers.snapshot.format import Header

STREAM_TIMEOUT_S: Final = 600.0
CHUNK_BYTES: Final = 256 * 1024
_COMPRESSED: Final = ".gz"
_LINES: Final = {"content-type": "application/x-ndjson"}
Tell = Callable[[int, int | None], None]
"""Hears how much is done, and of how much if that is known."""

File = Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines; compressed when its name ends in .gz.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON summary and nothing else.")]


def snapshot(
    file: File,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole catalogue to a file, of one instant and with checksums.

    Every line is checked as it comes, and the file gets its name only when all of it is there.

    Example: echora snapshot catalogue.jsonl.gz
    """
    path = Path(file)
    if path.exists() and not overwrite:
        raise Failure(f"{file} is there already; name another file, or say --overwrite", ExitCode.USAGE)
    beside = path.with_name(path.name + ".part")
    try:
        with _progress("rows", is_shown=not as_json) as tell:
            header = _written(beside, tell)
        take_name(beside, path)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror or error}", ExitCode.REFUSED) from None
    finally:
        beside.unlink(missing_ok=True)
    rows = {section.name: section.rows for section in header.sections}
    _print({"file": file, "taken_at": header.taken_at, "bytes": path.stat().st_size, "rows": rows}, as_json=as_json)


def restore(file: File, as_json: AsJson = False) -> None:
    """Bring a snapshot into an empty database: all of it, or nothing when the file is damaged.

    The index follows by itself; `echora status` says when it has caught up. A snapshot that came in before, and from
    which nothing has changed since, is left as it is.

    Example: echora restore catalogue.jsonl.gz
    """
    path = Path(file)
    try:
        with path.open("rb") as raw, _progress("bytes", is_shown=not as_json) as tell:
            chunks = _told(_chunks(raw, is_compressed=path.suffix == _COMPRESSED), raw, path.stat().st_size, tell)
            with connection(STREAM_TIMEOUT_S) as client:
                restored = answer(client.post("/restore", content=chunks, headers=_LINES))
    except (OSError, EOFError, zlib.error) as error:
        raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}", ExitCode.USAGE) from None
    _print({"file": file, **restored}, as_json=as_json)


def _written(path: Path, tell: Tell) -> Header:
    """Write the file and check every line of it on the way."""
    from contracts.errors import Refused
    from handlers.snapshot.format import Reader
    from handlers.snapshot.lines import Lines

    reader, lines, rows = Reader(), Lines(), 0
    is_compressed = path.with_suffix("").suffix == _COMPRESSED
    with (
        connection(STREAM_TIMEOUT_S) as client,
        client.stream("GET", "/snapshot") as response,
        path.open("wb") as raw,
        _compressing(raw) if is_compressed else nullcontext(raw) as file,
    ):
        if not response.is_success:
            response.read()
            answer(response)
        try:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                file.write(chunk)
                rows += sum(reader.take(line) is not None for line in lines.feed(chunk))
                tell(rows, reader.header.rows if reader.header else None)
            return reader.finish()
        except Refused as damage:
            raise Failure(f"what the program sent is no whole snapshot: {damage}", ExitCode.REFUSED) from None


def _compressing(raw: BinaryIO) -> AbstractContextManager[BinaryIO]:
    import gzip

    # Without a time in it, equal catalogues are equal files.
    return cast("AbstractContextManager[BinaryIO]", gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0))


def _chunks(raw: BinaryIO, *, is_compressed: bool) -> Iterator[bytes]:
    import gzip

    file = gzip.GzipFile(fileobj=raw) if is_compressed else raw
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _told(chunks: Iterator[bytes], raw: BinaryIO, size: int, tell: Tell) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        tell(raw.tell(), size)


@contextmanager
def _progress(unit: str, *, is_shown: bool) -> Iterator[Tell]:
    if not is_shown or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(unit, total=None)

        def tell(done: int, total: int | None) -> None:
            description = f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
            progress.update(task, completed=done, total=total, description=description)

        yield tell


def _print(summary: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    rows = summary["rows"]
    print_table("", ("table", "#rows"), [(name, count) for name, count in rows.items() if count])
    typer.echo(f"{sum(rows.values()):,} rows of {summary['taken_at']}: {summary['file']}")
    if summary.get("already_restored_at"):
        typer.echo(f"It was restored already at {summary['already_restored_at']}; nothing was done.")
