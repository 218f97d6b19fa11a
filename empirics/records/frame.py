"""Records as a table, for those who go on in pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lossmatters.empirics.records.record import Record

if TYPE_CHECKING:
    import pandas


def to_frame(records: Iterable[Record]) -> pandas.DataFrame:
    """Return a table with a row for each epoch of each record.

    Columns: run_id, experiment, dataset, model, variant, loss, start, noise_kind, noise_rate (a float), seed,
    diverged (the epoch in which the loss was no longer finite), epoch (from 1 on), and one for each curve;
    what does not apply is missing.

    Raises
    ------
    ImportError : pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("records as a table need pandas: pip install pandas") from None
    rows = []
    for record in records:
        about = {
            "run_id": record.run_id,
            "experiment": record.experiment,
            "dataset": record.dataset["name"],
            "model": record.model["name"],
            "variant": record.variant,
            "loss": record.loss,
            "start": record.start,
            "noise_kind": record.noise["kind"],
            "noise_rate": None if record.noise["rate"] is None else float(record.noise_rate),
            "seed": record.seed,
            "diverged": record.diverged,
        }
        for epoch in range(record.epochs):
            rows.append({**about, "epoch": epoch + 1, **{k: v[epoch] for k, v in record.curves.items()}})
    return pandas.DataFrame(rows)
