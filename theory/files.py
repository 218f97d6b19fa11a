"""Files are written whole or not at all, and a full disk is called by its name."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # the disk's end, or that of the user's share


class DiskFullError(OSError):
    """No space is left where a file is to be written; `errno` is that of the system's error."""

    def __str__(self) -> str:
        return str(self.strerror)


@contextmanager
def space_needed(path: str | os.PathLike[str], needed: int) -> Iterator[None]:
    """Say where a disk is full, and how much was to be written.

    Parameters
    ----------
    needed : bytes that were to be written.

    Raises
    ------
    DiskFullError : in place of the system's error, if what is done in here meets a full disk.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL or isinstance(error, DiskFullError):
            raise
        raise _full(path, needed, error) from None


@contextmanager
def replacing(path: str | os.PathLike[str], durable: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write beside `path`, and move it there in one step at the end; make folders as needed.

    After an error, or when the process is killed, what was at `path` is there still.

    Parameters
    ----------
    durable : whether to wait until the disk has it, so that it outlasts a power failure too.

    Raises
    ------
    DiskFullError : no space is left.
    OSError : the folder cannot be made or written.
    """
    path = Path(path)
    # a name of its own: two processes, on two machines perhaps, may write the same file
    part = path.with_name(f".{path.name[:100]}.{uuid4().hex}.part")
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _create(part) as stream:
            try:
                yield stream
                stream.flush()
            finally:
                written = stream.tell()
            if durable:
                os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError as error:
        if error.errno not in FULL or isinstance(error, DiskFullError):
            raise
        raise _full(path, written, error) from None
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], data: bytes | str, durable: bool = False) -> Path:
    """Write `data`, text as UTF-8, as `replacing` does, and return the path."""
    content = data.encode() if isinstance(data, str) else data
    # the inner error, which knows only what was written so far, is said with what is needed in all
    with replacing(path, durable) as stream, space_needed(path, len(content)):
        stream.write(content)
    return Path(path)


def _create(part: Path) -> BinaryIO:
    """Open a new file for writing, with the permissions that the user's files have."""
    return part.open("xb")


def _full(path: str | os.PathLike[str], needed: int, error: OSError) -> DiskFullError:
    megabytes = max(1, -(-needed // 10**6))
    return DiskFullError(
        error.errno, f"no space left for {os.fspath(path)}, at least {megabytes} MB needed there"
    )
