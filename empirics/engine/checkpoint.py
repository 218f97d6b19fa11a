"""Checkpoints: everything that goes on with a training run needs, in one file that is never half written.

A checkpoint is a first line, ``lossmatters checkpoint 1 SHA256``, and then what `torch.save` wrote. Bits that
changed on disk would otherwise be trained on unnoticed: a file whose checksum differs is left out, and said.
"""

from __future__ import annotations

import hashlib
import io
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from lossmatters.theory.files import replacing, space_needed

HEADER = b"lossmatters checkpoint 1 "


class OutOfTime(Exception):
    """The deadline has come; the checkpoint is written."""


@dataclass
class Checkpoints:
    """When and where the training of one stack is saved.

    Parameters
    ----------
    path : the file. It is written beside itself, waited for until it is on disk, and then renamed.
    every : seconds between two of them, >= 0; looked at after each epoch.
    deadline : in seconds since 1970, when training must have stopped; None for never. It stops after the
        epoch that one as long would not fit behind.
    last : whether the end is saved too, for a second phase to go on from.
    eager : whether one epoch is trained even if the deadline is over, so that calls whose budget is shorter
        than an epoch, or than the start of a process, get on nevertheless.

    Attributes
    ----------
    seconds_before : how long training took until what was loaded.
    """

    path: Path
    every: float
    deadline: float | None = None
    last: bool = False
    eager: bool = False
    seconds_before: float = field(default=0.0, init=False)
    _began: float = field(default_factory=time.time, init=False)
    _saved: float = field(default_factory=time.time, init=False)

    def load(self, device: torch.device | str) -> dict[str, Any] | None:
        """Return what was saved; None if nothing was, or if it is damaged, which is said in one line."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._left_out(error.strerror or type(error).__name__)
        first, _, body = content.partition(b"\n")
        if first != HEADER + hashlib.sha256(body).hexdigest().encode():
            return self._left_out("its checksum is not that of its content")
        # weights_only: a file of numbers and text, which cannot run a program
        found: dict[str, Any] = torch.load(io.BytesIO(body), map_location=device, weights_only=True)
        self.seconds_before = found["seconds"]
        return found

    def _left_out(self, why: str) -> dict[str, Any] | None:
        print(f"checkpoint {self.path} is left out, and its training begins anew: {why}", file=sys.stderr)
        return None

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file, all of it or nothing."""
        seconds = self.seconds_before + time.time() - self._began
        buffer = io.BytesIO()
        torch.save({**state, "seconds": seconds}, buffer)
        body = buffer.getbuffer()
        header = HEADER + hashlib.sha256(body).hexdigest().encode() + b"\n"
        with replacing(self.path, durable=True) as file, space_needed(self.path, len(header) + len(body)):
            file.write(header)
            file.write(body)
        self._saved = time.time()

    @property
    def late(self) -> bool:
        """Return whether not even a first epoch may be trained any more."""
        return not self.eager and self.deadline is not None and time.time() >= self.deadline

    def due(self, is_last: bool, epoch_seconds: float) -> tuple[bool, bool]:
        """Return whether to save after an epoch that took so long, and whether to stop there."""
        now, self.eager = time.time(), False
        if is_last:
            return self.last, False
        stop = self.deadline is not None and now + epoch_seconds > self.deadline
        return stop or now - self._saved >= self.every, stop
