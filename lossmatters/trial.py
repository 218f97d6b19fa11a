"""What the command `try` does: what is known of a loss, and a short training beside CCE and RLL."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import fmean
from typing import Any

BESIDE = ("cce", "rll")  # the memoriser and the resister that everybody knows
COLUMNS = (
    "noisy_train_accuracy",
    "clean_train_accuracy",
    "memorization_rate",
    "recovery_rate",
    "test_accuracy",
)
NOISE = "0.4"
WIDTH, HEIGHT = 51, 18


def trial(
    loss: str,
    *,
    dataset: str = "digits",
    model: str = "mlp",
    noise: Any = NOISE,
    optimiser: Any = None,
    schedule: Any = None,
    seeds: int = 1,
    epochs: int | None = None,
    device: str = "auto",
    workers: int | None = None,
    data_dir: Path | None = None,
    records: Path | None = None,
    figure: Path | None = None,
    progress: bool | Callable[[Any], None] = True,
) -> dict[str, Any]:
    """Train a loss beside CCE and RLL, and return what is known and what came out, as plain data.

    Parameters
    ----------
    noise : str, array or noise model
        What `lossmatters.empirics.noise_text.noise_kind` takes.
    optimiser, schedule : str or callable, optional
        What `lossmatters.empirics.engine.training.Training` takes.
    records : Path, optional
        Where the records are kept; by default nowhere.
    figure : Path, optional
        Where the (J1, J2) plane is drawn, in the format of its ending.

    Raises
    ------
    ValueError, TypeError, OSError
        Anything that the library refuses.
    """
    from lossmatters.empirics.experiments import Experiment, train, with_own
    from lossmatters.empirics.experiments.experiment import canonical
    from lossmatters.empirics.models import as_model

    if figure is not None:
        _check_figure(figure, noise)
    spec = canonical(loss)
    grid = tuple(dict.fromkeys((spec, *map(canonical, BESIDE))))
    experiment = Experiment(
        "try", dataset, grid=grid, model=as_model(model), noise=noise, seeds=tuple(range(max(1, seeds)))
    )
    if seeds < 1:
        raise ValueError(f"seeds must be an integer >= 1, got seeds={seeds!r}")
    asked_for = with_own(experiment, optimiser=optimiser, schedule=schedule).with_changes(epochs=epochs)
    with tempfile.TemporaryDirectory() as folder:
        found = train(
            asked_for,
            records_path=records or Path(folder) / "try.jsonl",
            device=device,
            workers=workers,
            data_dir=data_dir,
            progress=progress,
        )
    if figure is not None:
        _draw(found, figure)
    k = int(found[0].dataset["num_classes"])
    rate = found[0].noise["rate"]
    rows = [_row(name, [r for r in found if r.loss == name]) for name in grid]
    return {
        "loss": spec,
        "dataset": found[0].dataset["name"],
        "model": found[0].model["name"],
        "noise": {key: found[0].noise[key] for key in ("kind", "rate", "realised_rate")},
        "epochs": found[0].epochs,
        "seeds": len(experiment.seeds),
        "known": known(loss, k, rate),
        "runs": rows,
        "answer": rows[0]["answer"],
    }


def _check_figure(path: Path, noise: Any) -> None:
    """Fail now, not after training."""
    from lossmatters.empirics.noise_kinds import Annotated
    from lossmatters.empirics.noise_text import noise_kind
    from lossmatters.paper.figures.formats import check_formats

    check_formats([path.suffix.lstrip(".")])
    if isinstance(noise_kind(noise)[0], Annotated):
        raise ValueError(
            f"figure must be left out where nobody knows the clean labels, got figure={str(path)!r}"
        )
    if not path.absolute().parent.is_dir():
        raise ValueError(f"figure must be in a folder that exists, got figure={str(path)!r}")


def _draw(records: list[Any], path: Path) -> None:
    from lossmatters.paper.figures.formats import render
    from lossmatters.paper.figures.plane import draw
    from lossmatters.theory.files import write_whole

    write_whole(path, render(draw(records), path.suffix.lstrip(".")))


def known(loss: str, num_classes: int, rate: str | None) -> dict[str, Any]:
    """Return the certificate in brief: symmetry, noise tolerance, and the memorization time at this rate."""
    from lossmatters.theory.dynamics import memorization_time
    from lossmatters.theory.losses import get
    from lossmatters.theory.risk import noise_tolerance
    from lossmatters.theory.symmetry import decide
    from lossmatters.theory.verdict import Status

    found = get(loss)
    tolerance, symmetry = noise_tolerance(found, num_classes), decide(found, num_classes)
    brief: dict[str, Any] = {
        "symmetric": Status(symmetry.status).value,
        "noise_tolerance": tolerance.value,
        "noise_tolerance_status": Status(tolerance.status).value,
        "memorization_time": None,
    }
    if rate not in (None, "0"):
        with suppress(
            ValueError, TypeError
        ):  # a callable has no formula, a rate beyond the threshold no time
            brief["memorization_time"] = memorization_time(found, num_classes, rate).value
    return brief


def _row(loss: str, records: list[Any]) -> dict[str, Any]:
    from lossmatters.theory.memorization import flip_epoch

    finals = {name: [r.final[name] for r in records] for name in COLUMNS}
    means = {name: None if None in values else fmean(values) for name, values in finals.items()}
    j1, j2 = (means[name] for name in COLUMNS[:2])
    curves = {name: [r.curves[name] for r in records] for name in COLUMNS[:2]}
    path, flips = [], []
    if j2 is not None:
        each = [[fmean(column) for column in zip(*curves[name], strict=True)] for name in COLUMNS[:2]]
        path = [list(point) for point in zip(*each, strict=True)]
        flips = [flip_epoch(a, b) for a, b in zip(*curves.values(), strict=True)]
    if any(not math.isfinite(r.curves["train_loss"][-1]) for r in records):
        answer = "diverges: its loss is not finite"
    elif j1 is None or j2 is None:
        answer = "unknown: nobody knows the clean labels"
    elif means["memorization_rate"] is None:
        answer = "not asked: no label was altered"
    elif j1 > j2:
        answer = "memorises: J1 > J2 at the end"
    else:
        answer = "resists: J2 > J1 at the end" if j2 > j1 else "neither: J1 = J2"
    return {"loss": loss, **means, "flip_epochs": flips, "answer": answer, "path": path}


def picture(rows: list[dict[str, Any]]) -> str:
    """Draw the (J1, J2) plane in characters: a path for each loss, its end as a capital letter."""
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]

    def place(j1: float, j2: float) -> tuple[int, int]:
        return HEIGHT - 1 - round(j2 * (HEIGHT - 1)), round(j1 * (WIDTH - 1))

    for step in range(WIDTH):
        row, column = place(step / (WIDTH - 1), step / (WIDTH - 1))
        cells[row][column] = "."
    letters = "abcdefghij"
    drawn = [(letter, row) for letter, row in zip(letters, rows, strict=False) if row["path"]]
    for letter, entry in reversed(drawn):  # the loss that is tried lies on top
        for j1, j2 in entry["path"]:
            row, column = place(j1, j2)
            cells[row][column] = letter
    for letter, entry in reversed(drawn):
        row, column = place(*entry["path"][-1])
        cells[row][column] = letter.upper()
    lines = [
        f"{'J2 1 ' if i == 0 else '   0 ' if i == HEIGHT - 1 else '     '}|{''.join(c)}|"
        for i, c in enumerate(cells)
    ]
    legend = "   ".join(f"{letter.upper()} {entry['loss']}" for letter, entry in drawn)
    axis = f"     0{'J1, labels as given'.center(WIDTH - 2)}1"
    return "\n".join([*lines, axis, f"     {legend}   . J1 = J2: below it altered labels are memorised"])
