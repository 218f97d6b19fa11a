"""The progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from empirics.experiments.runner import Plan, Progress


@contextmanager
def reporter(progress: bool | Callable[[Progress], None], todo: Plan) -> Iterator[Callable[[Progress], Any]]:
    """A function to call with each `Progress`: the caller's own, a bar, or nothing."""
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
