from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lossmatters.paper.setups import Runs, families, main_setups, setups
from lossmatters.paper.statistics import count_text, grid, losses_of, rates_of, t_band, t_estimate, warm_grid
from lossmatters.theory.memorization import mean_interval

ZERO, RATE = Fraction(0), Fraction(2, 5)


@pytest.mark.parametrize("n", [2, 3, 5, 12])
def test_band_is_mean_interval_at_each_position(n):
    values = np.random.default_rng(n).random((n, 7))
    band = t_band(values)
    for i in range(7):
        expected = mean_interval(values[:, i].tolist())
        # both are the same formula in float64; scipy's two quantile functions differ by a few ulps
        assert np.allclose([band.mean[i], band.low[i], band.high[i]], expected[:3], rtol=1e-12)
    assert (band.n == n).all()


def test_one_run_has_a_mean_and_no_interval():
    estimate = t_estimate([0.25])
    assert estimate is not None
    assert (estimate.mean, estimate.low, estimate.high, estimate.n) == (0.25, -math.inf, math.inf, 1)
    assert not estimate.has_interval


def test_missing_values_are_left_out_at_their_position_only():
    band = t_band(np.array([[0.0, np.nan, np.nan], [1.0, 0.5, np.nan]]))
    assert band.n.tolist() == [2, 1, 0]
    assert band.mean[:2].tolist() == [0.5, 0.5]
    assert np.isnan(band.mean[2])


def test_intervals_of_accuracies_are_stored_unclipped():
    estimate = t_estimate([1.0, 0.9])
    assert estimate is not None
    assert estimate.high > 1


@pytest.mark.parametrize("level", [0, 1, -0.5, 2])
def test_level_out_of_range(level):
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\), got level="):
        t_band(np.zeros((2, 1)), level)


def test_no_runs():
    with pytest.raises(ValueError, match="values must be of shape"):
        t_band(np.zeros((0, 3)))


def test_memorization_rate_does_not_exist_without_noise(records):
    cells = grid(records)
    assert cells["cce", ZERO].final("memorization_rate") is None
    assert cells["cce", RATE].final("memorization_rate") is not None


def test_best_epoch_is_chosen_run_by_run(make_record):
    runs = []
    for seed, j2 in enumerate(([0.5, 0.9, 0.6], [0.7, 0.6, 0.8])):
        run = make_record(seed=seed, epochs=3)
        runs.append(replace(run, curves={**run.curves, "clean_train_accuracy": j2}))
    cell = grid(runs)["cce", RATE]
    assert cell.best_epochs().tolist() == [2, 3]
    best = cell.best()
    assert best is not None
    assert best.mean == pytest.approx(0.85)


def test_grid_names_each_loss_once_and_orders(make_record):
    runs = [make_record(loss=x, seed=i) for i, x in enumerate(("mae", "RLL(alpha=0.1)", "rll", "cce"))]
    cells = grid(runs)
    assert losses_of(cells) == ["cce", "rll(alpha=1/10)", "mae"]
    assert cells["rll(alpha=1/10)", RATE].n == 2
    assert rates_of(cells) == [RATE]


def test_a_loss_from_a_users_file_is_not_run(make_record):
    cells = grid([make_record(loss="nowhere/of_mine.py:MyLoss")])
    assert losses_of(cells) == ["nowhere/of_mine.py:MyLoss"]


def test_setups_are_kept_apart(make_record):
    runs = [make_record(epochs=10), make_record(epochs=20), make_record(experiment="other")]
    names = list(setups(runs))
    assert len(names) == 3
    assert names[2] == "other"
    assert all(name.startswith("synthetic-") for name in names[:2])
    with pytest.raises(ValueError, match="records must be of one set-up, got set-ups="):
        grid(runs)


def test_setups_are_called_by_what_they_differ_in(make_record):
    def runs(model, data, variant=None):
        base = make_record(variant=variant)
        return replace(base, model={**base.model, "name": model}, dataset={**base.dataset, "name": data})

    one = runs("mlp", "mnist(train=10)")
    assert list(setups([one])) == ["synthetic"]
    assert list(setups([one, runs("ResNet 18", "mnist(train=10)", "no dropout")])) == [
        "synthetic-mlp",
        "synthetic-resnet-18-no-dropout",
    ]
    assert list(setups([one, runs("mlp", "cifar10")])) == ["synthetic-mnist", "synthetic-cifar10"]
    found = setups([one, replace(one, experiment="other"), runs("mlp", "mnist(train=20)")])
    assert sorted(found)[0] == "other"
    assert len({name.rpartition("-")[0] for name in found if name != "other"}) == 1  # told apart by a digest
    assert list(families([one, runs("mlp", "mnist(train=10)", "dropout")])) == ["synthetic"]
    assert list(main_setups([one, runs("mlp", "mnist(train=10)", "dropout")])) == ["synthetic"]


def test_warm_starts_are_kept_apart_from_cold_ones(make_record):
    cold = [make_record(loss=loss, seed=s) for loss in ("cce", "mae") for s in range(3)]
    warm = [replace(r, training={**r.training, "start": "cce"}) for r in cold]
    assert len(setups(cold + warm)) == 1
    cells = grid(cold + warm)
    assert {key: cell.records for key, cell in cells.items()} == {
        key: cell.records for key, cell in grid(cold).items()
    }
    found = warm_grid(cold + warm)
    assert list(found) == [("cce", "cce", RATE), ("cce", "mae", RATE)]
    assert [cell.n for cell in found.values()] == [3, 3]
    assert warm_grid(cold) == grid(warm) == {}


def test_flip_is_usual_only_for_a_majority(make_record):
    flips, stays = [0.2, 0.5, 0.9], [0.2, 0.3, 0.4]
    clean = [0.4, 0.6, 0.6]

    def run(seed, j1):
        base = make_record(seed=seed, epochs=3)
        return replace(
            base, curves={**base.curves, "noisy_train_accuracy": j1, "clean_train_accuracy": clean}
        )

    def cell(*curves):
        return grid([run(i, c) for i, c in enumerate(curves)])["cce", RATE]

    assert cell(flips, flips, stays).usual_flip() == 3
    assert cell(flips, stays).usual_flip() is None


@pytest.mark.parametrize(
    ("seeds", "words"),
    [((3, 3), "n = 3 seeds"), ((3, 5), "n = 3 to 5 seeds"), ((1, 1), "n = 1 seed (no interval)"),
     ((1, 2), "n = 1 to 2 seeds (no interval where n = 1)")],
)  # fmt: skip
def test_count_is_said(make_record, seeds, words):
    runs = [make_record(loss=x, seed=s) for x, n in zip(("cce", "mae"), seeds, strict=True) for s in range(n)]
    assert count_text(grid(runs)) == words


def test_runs_are_as_any_other_records(make_record):
    """What is kept with them changes nothing, and the record it is kept with is as it was."""
    runs = [make_record(loss=loss, seed=seed) for loss in ("mae", "cce") for seed in range(2)]
    assert grid(Runs(runs)) == grid(runs)
    (found,) = setups(runs).values()
    assert list(found) == runs
    grid(found).clear()  # no caller spoils what the next one gets
    assert list(grid(found)) == [("cce", RATE), ("mae", RATE)]
    with pytest.raises(ValueError, match="read-only"):
        grid(found)["cce", RATE].curves("test_accuracy")[0] = 0
    assert replace(runs[0], seed=7).run_id != runs[0].run_id
    assert replace(runs[0], seed=7).repeats == runs[0].repeats
