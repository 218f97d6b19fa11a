"""The table of the kept records that README.md and docs/results.md show, made from the records.

python -m lossmatters.paper.summary [--records paper/records] [--write README.md docs/results.md]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from lossmatters.empirics.records import Record, read_records
from lossmatters.paper.setups import family, main_setups
from lossmatters.paper.statistics import Cell, Grid, grid
from lossmatters.paper.tables import NONE, Table
from lossmatters.theory.files import write_whole

BEGIN, END = "<!-- results: paper/summary.py -->", "<!-- end of results -->"
# What a column is called, and the experiment, the model and the data of its records.
COLUMNS = {
    "digits, MLP": ("quick", "mlp", "digits"),
    "MNIST, MLP": ("cpu", "mlp", "mnist"),
    "MNIST, ResNet-18": ("short", "resnet18", "mnist"),
    "CIFAR-10, small CNN": ("cifar", "cnn", "cifar10"),
    "CIFAR-10, ResNet-32": ("cifar", "resnet32", "cifar10"),
}
LOSSES = {"CCE": "cce", "MSE": "mse", "RLL": "rll(alpha=1/10)", "NMSE": "nmse"}
RATE, CLEAN = Fraction(2, 5), Fraction(0)
SEEDS = 5
SLASH = "\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}"
J1, J2, TEST = "noisy_train_accuracy", "clean_train_accuracy", "test_accuracy"


def document(records: Sequence[Record]) -> str:
    """Return the sentence and the table in Markdown: J1, J2 and test accuracies, a column for each set-up."""
    grids = [_grid_of(records, key) for key in COLUMNS.values()]

    def line(title: str, loss: str, rate: Fraction, metrics: tuple[str, ...]) -> tuple[str, ...]:
        return (title, *(_shown(found.get((loss, rate)), metrics) for found in grids))

    rows = [line(title, loss, RATE, (J1, J2)) for title, loss in LOSSES.items()]
    rows.append(line("RLL on clean labels, J2", LOSSES["RLL"], CLEAN, (J2,)))
    rows += [line(f"test accuracy, {title}", LOSSES[title], RATE, (TEST,)) for title in ("CCE", "RLL")]
    said = (
        "J1 / J2 in % after the last epoch, 40 % of the labels altered; means of five seeds, or of as "
        "many as a number in brackets says:"
    )
    return Table(said, ("", *COLUMNS), (("", tuple(rows)),)).to_markdown()


def _grid_of(records: Sequence[Record], key: tuple[str, str, str]) -> Grid:
    for part in main_setups(records).values():
        if family(part[0]) == key:
            return grid(part)
    return {}


def _shown(cell: Cell | None, metrics: tuple[str, ...]) -> str:
    means = [] if cell is None else [cell.final(metric) for metric in metrics]
    if cell is None or None in means:
        return NONE
    text = SLASH.join(f"{100 * found.mean:.1f}" for found in means if found)
    return text if cell.n == SEEDS else f"{text} ({cell.n})"


def main() -> int:
    """Print the table, or write it between the marks of documents."""
    parser = argparse.ArgumentParser(description="The table of the kept records.")
    parser.add_argument("--records", type=Path, default=Path("paper/records"), help="kept records")
    parser.add_argument("--write", type=Path, nargs="*", default=(), help="documents with its marks")
    given = parser.parse_args()
    text = document(list(read_records(given.records)))
    for path in given.write:
        before, rest = path.read_text(encoding="utf-8").split(BEGIN)
        write_whole(path, f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}")
    if not given.write:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
