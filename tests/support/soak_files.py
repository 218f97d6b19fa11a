"""Files that are damaged: records and checkpoints."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path

from soaking import Wrong

from lossmatters.arguments import kept_records
from lossmatters.empirics import records
from lossmatters.empirics.records import RecordError


def damaged(whole: bytes, draw: random.Random) -> bytes:
    """Return a file with a flipped bit, a zeroed or doubled block, an end cut off, or a few bytes changed."""
    place, size = draw.randrange(len(whole)), draw.choice([1, 8, 64, 512])
    match draw.randrange(5):
        case 0:
            return whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :]
        case 1:
            return whole[:place] + bytes(size) + whole[place + size :]
        case 2:
            return whole[:place] + whole[place : place + size] + whole[place:]
        case 3:
            return whole[:place]
    return whole[:place] + draw.randbytes(size) + whole[place + size :]


def fuzz_records(draw: random.Random, folder: Path) -> None:
    """A damaged file of records is refused in a line, or holds what it held."""
    source = draw.choice(sorted(kept_records().glob("*.jsonl")))
    lines = source.read_bytes().splitlines(keepends=True)
    first = draw.randrange(len(lines))
    whole = b"".join(lines[first : first + 3])
    path = folder / "r.jsonl"
    path.write_bytes(whole)
    before = {r.run_id: r.to_json() for r in records.read(path)}
    path.write_bytes(damaged(whole, draw))
    try:
        after = {r.run_id: r.to_json() for r in records.read(path)}
    except RecordError as error:
        if "\n" in str(error):
            raise Wrong(f"an error of several lines: {error}") from error
        return
    if not after.items() <= before.items():
        raise Wrong("a changed record was read")


def fuzz_checkpoints(draw: random.Random, folder: Path) -> None:
    """A damaged checkpoint is left out, or holds what it held."""
    import torch

    from lossmatters.empirics.engine.checkpoint import Checkpoints

    path = folder / "c.pt"
    Checkpoints(path, every=0).save({"epochs": 3, "weights": torch.arange(float(draw.randrange(1, 400)))})
    whole = path.read_bytes()
    bad = damaged(whole, draw)
    path.write_bytes(bad)
    with contextlib.redirect_stderr(io.StringIO()) as said:
        found = Checkpoints(path, every=0).load("cpu")
    if bad != whole and found is not None:
        raise Wrong("a changed checkpoint was taken up")
    if found is None and said.getvalue().count("\n") != 1:
        raise Wrong(f"not one line, but {said.getvalue()!r}")
