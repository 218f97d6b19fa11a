"""Where labels come from: the noise that was asked for, what records say of it, and how it is told apart."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lossmatters.empirics import records
from lossmatters.empirics.data import as_dataset, load
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.experiments.experiment import Experiment, Run
from lossmatters.empirics.experiments.stack import Task, configuration, noisy_labels, train_task
from lossmatters.empirics.models import MLP
from lossmatters.empirics.noise_kinds import Annotated, ByClass, BySample, Family, Given, realised_counts
from lossmatters.empirics.noise_text import noise_kind, read_matrix
from lossmatters.empirics.records import Record
from lossmatters.theory.memorization import measure
from lossmatters.theory.noise import CONFUSED, ClassConditionalNoise, InstanceDependentNoise, SymmetricNoise

RATE = Fraction(2, 5)


def some_data(k=3, size=60):
    rng = np.random.default_rng(0)
    return as_dataset((rng.normal(size=(size, 4)).astype(np.float32), np.arange(size) % k), name="mine")


def experiment(noise, grid=("cce", "rll"), data=None, **changes):
    training = Training(epochs=2, batch_size=16, learning_rate=Fraction(1, 100))
    parts = {"name": "trial", "dataset": data or some_data(), "grid": grid, "seeds": (0,), "noise": noise}
    return Experiment(**{**parts, "model": MLP((8,)), "training": training, **changes})


def trained(one):
    found = train_task(Task(one, tuple(one.runs()), 0, "cpu"), lambda epochs: None)
    assert found is not None
    return found


def test_the_maps_of_the_literature():
    """Patrini et al. (CVPR 2017), by the names of the classes."""
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    named = {names[i]: names[j] for i, j in CONFUSED["cifar10"].items()}
    wanted = {"truck": "automobile", "bird": "airplane", "deer": "horse", "cat": "dog", "dog": "cat"}
    assert named == wanted
    assert CONFUSED["mnist"] == {2: 7, 3: 8, 5: 6, 6: 5, 7: 1}
    matrix = ClassConditionalNoise.asymmetric("0.4", CONFUSED["mnist"], 10).transition_matrix(10)
    assert matrix[7][1] == RATE
    assert matrix[7][7] == Fraction(3, 5)
    assert matrix[0][0] == 1
    with pytest.raises(
        ValueError, match=r"flips must be from one class in 0\.\.9 to another, got flips=\(3, 10\)"
    ):
        ClassConditionalNoise.asymmetric("0.4", {3: 10}, 10)


@pytest.mark.parametrize(
    ("text", "kind", "rate"),
    [
        ("0.4", Family(), RATE),
        ("pair:0.4", Family("pair"), RATE),
        ("pair", Family("pair"), None),
        ("symmetric:2/5", Family(), RATE),
        ("asymmetric:0.4", Family("asymmetric"), RATE),
        ("instance:rates.py:eta", BySample("rates.py:eta"), None),
        ("annotated", Annotated(), None),
        (SymmetricNoise(0.4), Family(), RATE),
        (0.4, Family(), RATE),
        (np.array([0, 1]), Given(np.array([0, 1])), None),
    ],
)
def test_what_is_meant(text, kind, rate):
    assert noise_kind(text) == (kind, rate)


@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        ("pear:0.4", ValueError, "noise must be a rate, pair:RATE, .* got noise='pear:0.4'"),
        ("pair:1.4", ValueError, r"eta must be in \[0, 1\], got eta=1.4"),
        ("missing.npy", ValueError, "noise must be a file that can be read"),
        (np.array([0.5]), ValueError, r"noisy_labels must be \(N,\) integers, got"),
        (object(), TypeError, "noise must be a kind, a rate, a noise model or an array of labels"),
    ],
)
def test_what_is_no_noise_is_refused(noise, error, message):
    with pytest.raises(error, match=message):
        noise_kind(noise)


def test_a_matrix_in_a_file(tmp_path):
    matrix = np.array([[0.7, 0.1, 0.2], [1 / 3, 1 / 3, 1 / 3], [0, 0, 1]])
    for kind in (np.float64, np.float32):
        np.save(tmp_path / "T.npy", matrix.astype(kind))
        found = read_matrix(str(tmp_path / "T.npy")).transition_matrix(3)
        assert all(sum(row) == 1 for row in found)
        np.testing.assert_allclose(np.array(found, dtype=float), matrix, atol=1e-6)
    np.save(tmp_path / "T.npy", matrix + 0.001)
    with pytest.raises(ValueError, match=r"matrix rows must sum to 1, got sum=1\.003 in row 0"):
        read_matrix(str(tmp_path / "T.npy"))
    np.save(tmp_path / "T.npy", matrix[:2])
    with pytest.raises(ValueError, match="noise must be a square matrix"):
        read_matrix(str(tmp_path / "T.npy"))


def test_uniform_noise_is_what_it_always_was():
    """The labels of kept records depend on it, and so do their run_ids."""
    one = Experiment("quick", "digits", (("cce", "2/5"),))
    run = Run("cce", RATE, 3)
    asked = configuration(one, run)["noise"]
    assert asked == {"kind": "symmetric", "draw": "exact", "rate": "2/5"}
    from lossmatters.empirics.randomness import label_stream

    data = load("digits")
    wanted = SymmetricNoise(RATE).apply(data.train_labels, 10, label_stream(3, RATE), draw="exact")
    assert np.array_equal(noisy_labels(one, run).noisy_labels, wanted.noisy_labels)


@pytest.mark.parametrize("word", ["pair", "asymmetric"])
def test_counts_are_those_of_the_matrix(word):
    data = load("digits")
    kind = Family(word, tuple(CONFUSED["mnist"].items()) if word == "asymmetric" else ())
    drawn = kind.draw(data, RATE, 0)
    counts = realised_counts(drawn, 10)
    sizes = np.bincount(data.train_labels)
    matrix = np.array(kind.noise(data, RATE).transition_matrix(10), dtype=float)
    assert np.abs(counts - matrix * sizes[:, None]).max() <= 1
    assert not np.array_equal(drawn.noisy_labels, kind.draw(data, RATE, 1).noisy_labels)
    assert np.array_equal(drawn.noisy_labels, kind.draw(data, RATE, 0).noisy_labels)


def test_records_say_what_was_asked_and_what_came_of_it(tmp_path):
    for noise, kind, rate in (
        ("pair:0.4", "pair", "2/5"),
        (Family("asymmetric", ((0, 1),)), "asymmetric", "2/5"),
    ):
        grid = ("cce", "rll") if isinstance(noise, str) else (("cce", RATE), ("rll", RATE))
        found = trained(experiment(noise, grid))
        for record in found:
            assert (record.noise["kind"], record.noise["rate"]) == (kind, rate)
            assert set(record.configuration["noise"]) == {"kind", "draw", "rate"} | (
                {"flips"} if kind == "asymmetric" else set()
            )
            counts = np.array(record.noise["realised_counts"])
            share = 1 - np.trace(counts) / counts.sum()
            assert record.noise["realised_rate"] == pytest.approx(share)
        assert len({record.run_id for record in found}) == 2
        records.append(tmp_path / "mine.jsonl", found)
    assert len(records.read(tmp_path / "mine.jsonl")) == 4


def test_what_is_counted_of_each_class_is_the_measure_of_the_class():
    one = experiment("pair:0.4", ("cce",), training=Training(epochs=6, batch_size=8))
    (record,) = trained(one)
    drawn = noisy_labels(one, one.runs()[0])
    assert record.classes is not None
    sizes = np.bincount(drawn.clean_labels)
    altered = np.bincount(drawn.clean_labels[drawn.altered])
    for name, of in (
        ("noisy_train_accuracy", sizes),
        ("clean_train_accuracy", sizes),
        ("memorization_rate", altered),
        ("recovery_rate", altered),
    ):
        whole = sum(v * n for v, n in zip(record.classes[name], of, strict=True)) / of.sum()
        assert whole == pytest.approx(record.final[name], rel=1e-12), name
    assert len(record.classes["flip_epoch"]) == 3
    assert measure([0], [0], [0]).memorization_rate is None


def test_rates_that_depend_on_the_sample():
    data = some_data()
    noise = InstanceDependentNoise(lambda x: np.where(x[:, 0] > 0, 0.5, 0.0))
    (record,) = trained(experiment(noise, ("rll",), data))
    share = (data.train_inputs[:, 0] > 0).mean() / 2
    assert float(record.noise_rate) == pytest.approx(share, abs=1e-8)
    assert record.noise["kind"] == "instance-dependent"
    drawn = noisy_labels(experiment(noise, ("rll",), data), Run("rll", None, 0))
    assert not drawn.altered[data.train_inputs[:, 0] <= 0].any()
    other = InstanceDependentNoise(lambda x: np.where(x[:, 0] > 0, 0.25, 0.25))
    assert (
        configuration(experiment(other, ("rll",), data), Run("rll", None, 0))["noise"]
        != record.configuration["noise"]
    )


def test_labels_as_annotated_beside_clean_ones():
    data = some_data()
    labels = data.train_labels.copy()
    labels[:12] = (labels[:12] + 1) % 3
    (record,) = trained(experiment(labels, ("rll",), data))
    assert record.noise["realised_rate"] == pytest.approx(12 / 48)
    assert record.noise_rate == Fraction(1, 4)
    assert np.array(record.noise["realised_counts"]).sum() == 48
    assert record.risks is not None
    assert math.isfinite(record.risks["fresh_labels"])
    with pytest.raises(ValueError, match="noisy_labels must be as many as there are training samples, 48"):
        trained(experiment(labels[:-1], ("rll",), data))
    labels[0] = 3
    with pytest.raises(ValueError, match=r"noisy_labels must be in 0\.\.2, got noisy_labels=3"):
        trained(experiment(labels, ("rll",), data))


def test_of_labels_whose_clean_ones_nobody_knows_only_what_can_be_known(tmp_path):
    (record,) = trained(experiment("annotated", ("rll",)))
    assert record.noise == {"kind": "annotated", "draw": "given", "rate": None, "realised_rate": None}
    final = record.final
    assert final["noisy_train_accuracy"] is not None
    assert final["test_accuracy"] is not None
    for name in ("clean_train_accuracy", "memorization_rate", "recovery_rate"):
        assert final[name] is None
    assert (record.risks, record.classes) == (None, None)
    with pytest.raises(records.RecordError, match="rate must be known, got rate=None"):
        _ = record.noise_rate
    records.append(tmp_path / "mine.jsonl", [record])
    assert records.read(tmp_path / "mine.jsonl") == [record]


@pytest.mark.parametrize(
    ("noise", "grid", "message"),
    [
        ("pair", ("cce",), r"grid must be \(loss, rate\) pairs where the noise is pair without a rate"),
        ("annotated", (("cce", "0.4"),), "grid must be losses alone where the noise is annotated"),
    ],
)
def test_a_rate_is_given_once(noise, grid, message):
    with pytest.raises(ValueError, match=message):
        experiment(noise, grid)


def test_asymmetric_noise_needs_its_flips_where_the_literature_has_none():
    with pytest.raises(
        ValueError, match="noise must be given with its flips where the data set is not one of mnist"
    ):
        trained(experiment("asymmetric:0.4"))


def test_a_matrix_of_the_wrong_size_is_refused():
    with pytest.raises(ValueError, match="num_classes must be 4, the size of the matrix, got num_classes=3"):
        trained(experiment(ClassConditionalNoise.pair("0.2", 4)))


def test_a_matrix_of_ones_own():
    noise = ClassConditionalNoise(((1, 0, 0), ("0.5", "0.5", 0), (0, 0, 1)))
    (record,) = trained(experiment(noise, ("cce",)))
    assert record.noise["matrix"][1] == ["1/2", "1/2", "0"]
    assert record.noise_rate == Fraction(1, 6)
    assert ByClass(noise) == experiment(noise).noise
    assert isinstance(record, Record)
