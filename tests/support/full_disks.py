"""Disks that are full after so many bytes: small ones in memory where they may be mounted, or by patch."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from lossmatters.theory import files

PAGE = 4096


def may_mount() -> bool:
    """Return whether this process may mount disks."""
    return sys.platform.startswith("linux") and os.geteuid() == 0


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Callable[[], None]]:
    """Mount a disk of so many bytes, rounded up to pages, and yield what makes it large."""

    def enlarge() -> None:
        subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)

    pages = max(1, -(-size // PAGE))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={pages * PAGE}", "none", place], check=True)
    try:
        yield enlarge
    finally:
        subprocess.run(["umount", "-l", place], check=True)


class Room:
    """How many bytes there is room for."""

    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, write: Callable[[memoryview], int | None], data: Any) -> int:
        """Write what there is room for, as a system does: all, less, or nothing and an error."""
        view = memoryview(data).cast("B")
        if len(view) and self.left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        part = view[: self.left]
        self.left -= len(part)
        write(part)
        return len(part)


class _Stream:
    def __init__(self, stream: BinaryIO, room: Room) -> None:
        self.stream, self.room = stream, room

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def write(self, data: Any) -> int:
        written = self.room.take(self.stream.write, data)
        if written < len(memoryview(data).cast("B")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # a buffered file writes all or fails
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def fill(size: int) -> None:
    """Let this process, and what it forks, write so many bytes into files, and no more, for good."""
    room, create, write = Room(size), files._create, os.write
    files._create = lambda part: _Stream(create(part), room)  # type: ignore[assignment, return-value]

    def limited(descriptor: int, data: Any) -> int:
        if not Path(f"/dev/fd/{descriptor}").resolve().is_file():  # a pipe is no disk
            return write(descriptor, data)
        return room.take(lambda part: write(descriptor, part), data)

    os.write = limited  # type: ignore[assignment]
