"""Torch's global generators, lent for a moment: a user's module draws from them and knows no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def made_from(seed: int) -> Iterator[None]:
    """Seed the CPU's generator for a block, and give it back as it was."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)


@contextmanager
def drawing_from(generator: torch.Generator | None) -> Iterator[None]:
    """Let what draws from the device's generator draw from this one, and move it on; None changes nothing."""
    if generator is None:
        yield
        return
    device = generator.device
    on_gpu = device.type == "cuda"
    before = torch.cuda.get_rng_state(device) if on_gpu else torch.get_rng_state()

    def put(state: torch.Tensor) -> None:
        if on_gpu:
            torch.cuda.set_rng_state(state, device)
        else:
            torch.set_rng_state(state)

    put(generator.get_state())
    try:
        yield
        generator.set_state(torch.cuda.get_rng_state(device) if on_gpu else torch.get_rng_state())
    finally:
        put(before)
