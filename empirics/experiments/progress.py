"""How far a sweep is, and how that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lossmatters.empirics.experiments.planning import Plan
from lossmatters.theory.progress import progress as told


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Attributes
    ----------
    networks_done, networks : networks whose stack is recorded, of all that are to be trained.
    epochs_done, epochs : epochs of networks, likewise (10 networks times 80 epochs are 800).
    """

    networks_done: int
    networks: int
    epochs_done: int
    epochs: int


@contextmanager
def reporter(progress: bool | Callable[[Progress], None], todo: Plan) -> Iterator[Callable[[Progress], Any]]:
    """Yield a function to call with each `Progress`: the caller's own, a bar or lines, or nothing."""
    if callable(progress):
        yield progress
        return
    with told(todo.experiment.name, todo.epochs, show=progress, unit="epochs of networks") as report:
        yield lambda state: report(
            state.epochs_done, f"{state.networks_done} of {state.networks} networks recorded"
        )
