"""What a sweep keeps beside its file of records, and takes away again: checkpoints, data sets for workers."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lossmatters.empirics.data import Dataset, load
from lossmatters.empirics.data.stored import store
from lossmatters.empirics.experiments.claims import Claims
from lossmatters.empirics.experiments.experiment import Run
from lossmatters.empirics.experiments.planning import Plan
from lossmatters.empirics.experiments.stack import Task, checkpoints_for, stack_folder
from lossmatters.empirics.records.files import lock_of


def checkpoints_of(records: Path) -> Path:
    """Return the folder of checkpoints beside a file of records."""
    return records.with_name(f"{records.stem}.checkpoints")


def shared_dataset(dataset: str | Dataset, records: Path) -> str:
    """Return the text by which a worker finds a data set.

    What the caller holds, or a file of the user's, is put beside the records, once for all workers.
    """
    if isinstance(dataset, str) and dataset.partition("(")[0].strip().rpartition(".")[2] != "npz":
        return dataset
    return store(load(dataset), records.absolute().with_name(f"{records.stem}.datasets"))


def tidy(left: Sequence[Path]) -> None:
    """Remove the folder of checkpoints if it is empty, and folders of data sets with what is in them."""
    checkpoints, *datasets = left
    for folder in datasets:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (checkpoints, *(d.parent for d in datasets)):
        with suppress(OSError):
            folder.rmdir()


def forget(task: Task) -> None:
    """Remove the checkpoints of a stack that is recorded, whoever wrote them."""
    folder = stack_folder(task)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def forget_recorded(todo: Plan, recorded: Mapping[Run, str], claims: Claims) -> None:
    """Remove the checkpoints of stacks that are recorded whole: who wrote the records may have been killed
    before it did.
    """
    folder = checkpoints_of(todo.path.absolute())
    if not folder.is_dir():
        return
    whole = [runs for runs in todo.experiment.stacks() if all(run in recorded for run in runs)]
    for runs in [*whole, *((run,) for run in recorded)]:  # lanes train one network at a time
        shutil.rmtree(checkpoints_for(folder, [recorded[run] for run in runs]), ignore_errors=True)
    if not todo.stacks:  # else whoever trains tidies up
        with claims.open(lambda: tidy([folder])):
            pass


def check_writable(path: Path) -> None:
    """Fail now, not after the first stack. An empty file stays behind, which holds no records."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except OSError as error:
        raise type(error)(
            f"records_path must be writable, got records_path={str(path)!r}: {error.strerror}"
        ) from None
    try:
        with lock_of(path):
            pass
    except (OSError, NotImplementedError) as error:
        raise OSError(
            f"records_path must be on a file system with locks, got records_path={str(path)!r}: {error}"
        ) from None


def size_of(path: Path) -> int:
    """Return how long a file is, 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0
