"""How far a sweep is, and the bar that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lossmatters.empirics.experiments.planning import Plan


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
    """Yield a function to call with each `Progress`: the caller's own, a bar, or nothing."""
    if callable(progress):
        yield progress
    elif not progress:
        yield lambda state: None
    else:
        from tqdm import tqdm

        with tqdm(
            total=todo.epochs, desc=todo.experiment.name, unit="epoch", smoothing=0, disable=None
        ) as bar:

            def show(state: Progress) -> None:
                bar.set_postfix_str(f"{state.networks_done}/{state.networks} networks", refresh=False)
                bar.update(state.epochs_done - bar.n)

            yield show
