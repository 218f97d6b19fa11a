"""What is declared, and how a part of it is chosen."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lossmatters.empirics.experiments import (
    EXPERIMENTS,
    Experiment,
    Run,
    Study,
    cost,
    get_experiment,
    planning,
)
from lossmatters.empirics.experiments.cost import seconds
from lossmatters.empirics.experiments.cpu import CPU
from lossmatters.empirics.experiments.paper import PAPER
from lossmatters.empirics.experiments.quick import MULTIPLES, QUICK, SYMMETRIC
from lossmatters.empirics.experiments.selection import choose
from lossmatters.empirics.experiments.stack import configuration, noisy_labels
from lossmatters.empirics.randomness import label_stream, stream, torch_seed
from lossmatters.empirics.records import run_id
from lossmatters.proofs_checks.claims.training import training_rules
from lossmatters.theory.losses import LOSSES, get

MAIN = {"cce", "mse", "rll(alpha=1/10)", "nmse", "mae", "gce(q=7/10)"}


def test_the_quick_profile_is_the_one_that_was_set():
    pairs = QUICK.grid + QUICK.first_seed_grid
    rates = {loss: [str(r) for name, r in pairs if name == loss] for loss, _ in pairs}
    assert {loss for loss, found in rates.items() if found[:4] == ["0", "1/5", "2/5", "3/5"]} == MAIN
    assert {loss for loss, found in rates.items() if "17/20" in found} == MAIN - {"mae", "gce(q=7/10)"}
    assert all(set(found) == {"0", "2/5"} for loss, found in rates.items() if loss not in MAIN)
    assert {f"rll(alpha={alpha})" for alpha in ("1/100", "1/10", "1/2", "1")} <= set(rates)
    assert QUICK.seeds == (0, 1, 2, 3, 4)
    assert set(QUICK.warm) == {
        *(("cce", loss, Fraction(2, 5)) for loss in ("rll(alpha=1/10)", "nmse", "mae")),
        *(("rll(alpha=1/10)", loss, Fraction(2, 5)) for loss in ("cce", "rll(alpha=1/10)")),
    }
    assert QUICK.training.description["epochs"] == 80
    assert configuration(QUICK, QUICK.runs()[0])["model"]["parameters"] == 85_002
    # The keys of its first two runs since its first record: what is written of a run may only grow.
    keys = [run_id(configuration(QUICK, run)) for run in QUICK.runs()[:2]]
    assert keys == ["8a9e7b69995cefa1", "1388a59037d3a3e7"]


def test_the_quick_profile_leaves_no_loss_of_the_catalogue_out():
    """Every registered loss that has gradients, with its default parameters."""
    catalogue = {loss().spec for name, loss in LOSSES.items() if loss.differentiable}
    trained = {loss for loss, _ in QUICK.grid + QUICK.first_seed_grid}
    assert catalogue <= trained
    assert not {"zero-one", "epsilon-ce(m=100000)"} & trained


def test_what_claims_speak_of_is_trained_with_every_seed():
    """E10 speaks of each symmetric loss on clean labels and at 2/5; what is trained once is not symmetric."""
    for name, cls in LOSSES.items():
        if cls.differentiable and get(name).symmetric is True:
            if get(name).spec in MULTIPLES:
                continue
            assert {(get(name).spec, 0), (get(name).spec, Fraction(2, 5))} <= set(QUICK.grid)
    assert training_rules.MULTIPLES == MULTIPLES  # the packages may not share it: arrows go one way
    once = {loss for loss, rate in QUICK.first_seed_grid if rate}
    assert {loss for loss in once if get(loss).symmetric is True} == set(MULTIPLES)
    probs, labels = np.random.default_rng(0).dirichlet(np.ones(10), size=20), np.arange(20) % 10
    for multiple in MULTIPLES:
        ratio = get(multiple).values(probs, labels) / get("mae").values(probs, labels)
        # MAE adds ten terms of which the others know the sum: some ulps of 1 over a loss above 0.1
        assert np.allclose(ratio, ratio[0], rtol=1e-13, atol=0)
    assert not set(QUICK.first_seed_grid) & set(QUICK.grid)
    assert len(QUICK.runs()) <= 350  # of 1.6 s to 3.7 s each on a core: what `make verify` may take


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stacks_partition_the_grid_whatever_the_seeds(name):
    study = EXPERIMENTS[name]
    assert study.name == name
    expected = []
    for index, part in enumerate(study.parts):
        expected += [Run(*pair, seed, part=index) for seed in part.seeds for pair in part.grid]
        warm = itertools.product(part.seeds, part.warm)
        expected += [Run(loss, rate, seed, start, index) for seed, (start, loss, rate) in warm]
        expected += [Run(*pair, part.seeds[0], part=index) for pair in part.first_seed_grid]
    assert Counter(study.runs()) == Counter(expected)
    for stack in study.stacks():
        assert len({(run.seed, run.part) for run in stack}) == 1
        assert len(stack) <= study.parts[stack[0].part].stack_size
        cold = [run for run in stack if run.start is None]
        assert stack[: len(cold)] == tuple(cold)
        for run in stack[len(cold) :]:
            assert Run(run.start, run.rate, run.seed, None, run.part) in cold
    fewer = list(study.with_changes(seeds=2).stacks())
    assert fewer == list(study.stacks())[: len(fewer)]  # seed by seed, whatever the part


def declared(part):
    """What the main set-up of a part trains, by loss: the rates."""
    return {loss: {str(r) for name, r in part.grid if name == loss} for loss, _ in part.grid}


def test_the_cpu_profile_has_what_the_claims_need():
    """E1 to E10 and N4 with five seeds on the perceptron, the contrast and E9 on the convolutional one."""
    perceptron, convolutional, *others = CPU.parts
    assert (perceptron.model.name, convolutional.model.name) == ("mlp", "cnn")
    assert perceptron.model.widths(784, 10) == (784, 512, 256, 10)
    assert {part.dataset for part in CPU.parts} == {"mnist(train=10000, test=2000)"}
    assert all(len(part.seeds) >= 5 for part in (perceptron, *others))
    assert len(others) == 6
    rates = declared(perceptron)
    for loss in ("cce", "mse", "rll(alpha=1/10)", "nmse"):
        assert rates[loss] >= {"0", "1/5", "2/5", "3/5"}
    assert "17/20" in rates["rll(alpha=1/10)"]
    assert all("2/5" in rates[f"rll(alpha={alpha})"] for alpha in ("1/100", "1/2", "1"))
    assert all(rates[loss] >= {"0", "2/5"} for loss in SYMMETRIC)
    assert "gce(q=7/10)" in rates
    assert perceptron.warm == QUICK.warm
    assert declared(convolutional) == {key: {"0", "2/5", "3/5"} for key in ("cce", "rll(alpha=1/10)")}
    assert all(declared(part) == {"cce": {"2/5"}} for part in others)


def test_the_paper_profile_is_the_source_s():
    mains = [part for part in PAPER.parts if not part.variant]
    assert [(p.dataset, p.model.name, p.training.epochs) for p in mains] == [
        ("cifar10", "resnet32", 200),
        ("cifar10", "inception-lite", 100),
        ("mnist", "resnet18", 200),
    ]
    assert [str(p.training.learning_rate) for p in mains] == ["1/10", "1/100", "1/1000"]
    assert {p.training.batch_size for p in PAPER.parts} == {128}
    sgd = mains[0].training
    assert [round(sgd.step_size(e), 12) for e in (0, 99, 100, 149, 150)] == [0.1, 0.1, 0.01, 0.01, 0.001]
    assert (sgd.momentum, sgd.weight_decay) == (Fraction(9, 10), Fraction(1, 10_000))
    assert mains[1].training.step_size(1) == pytest.approx(0.0095, rel=1e-15)
    assert mains[2].training.step_size(199) == 0.001
    (bare,) = (part for part in PAPER.parts if part.variant == "no regulariser")
    assert declared(bare) == {"cce": {"2/5"}, "rll(alpha=1/10)": {"2/5"}}
    decays = {part.training.weight_decay for part in PAPER.parts if "weight decay" in part.variant}
    assert decays == {Fraction(1, 10_000), Fraction(5, 10_000)}
    assert "2/5" in declared(mains[1])["rll(alpha=1/1000)"]
    for part in mains:
        rates = declared(part)
        assert all(rates[loss] >= {"0", "1/5", "2/5", "3/5"} for loss in MAIN)
        assert {"4/5", "17/20"} <= rates["rll(alpha=1/10)"]
        # what speaks most is in the first stack
        first = next(part.stacks())
        assert {(run.loss, str(run.rate)) for run in first} == {
            (loss, rate) for loss in ("cce", "mse", "rll(alpha=1/10)", "nmse") for rate in ("2/5", "1/5")
        }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_time_of_each_profile_is_estimated(name):
    """Without a look at any file; twice the epochs take twice the time."""
    for part in EXPERIMENTS[name].parts:
        for device in ("cpu", "cuda"):
            once = seconds(part, 1, device)
            longer = part.with_changes(epochs=2 * part.training.epochs)
            assert once > 0
            assert seconds(longer, 3, device) == pytest.approx(6 * once, rel=1e-12)


def test_a_processor_that_is_slow_in_bfloat16_is_told_of(monkeypatch, tmp_path):
    part = next(p for p in EXPERIMENTS["cpu"].parts if p.training.precision == "bfloat16")
    times = {}
    for speed in (3.0, 1 / 40):
        monkeypatch.setattr(cost, "bfloat16_speed", lambda speed=speed: speed)
        monkeypatch.setattr(planning, "bfloat16_speed", lambda speed=speed: speed)
        times[speed] = seconds(part, 1, "cpu")
        found = planning.plan("cpu", records_path=tmp_path, device="cpu")
        expected = "" if speed > 1 else "this processor computes bfloat16 40 times slower than float32"
        assert found.warning == expected
        assert planning.plan("quick", records_path=tmp_path, device="cpu").warning == ""
        assert planning.plan("cpu", records_path=tmp_path, device="cuda").warning == ""
    assert times[1 / 40] > 40 * times[3.0]


def test_the_speed_of_bfloat16_is_tried_here():
    assert 0 < cost.bfloat16_speed() < 1000


def test_a_study_out_of_domain_is_refused():
    with pytest.raises(ValueError, match="parts must be non-empty, each with a set-up of its own"):
        Study("quick", ())
    with pytest.raises(ValueError, match="parts must be non-empty, each with a set-up of its own"):
        Study("quick", (QUICK, replace(QUICK, seeds=(9,))))
    with pytest.raises(ValueError, match="parts must be of the name 'x', got parts='quick'"):
        Study("x", (QUICK,))


def test_a_subset_of_every_part():
    found = CPU.with_changes(subset=50)
    assert {part.dataset for part in found.parts} == {"mnist(train=50, test=50, seed=0)"}
    assert QUICK.with_changes(subset=20).dataset == "digits(train=20, test=20, seed=0)"
    wide = CPU.with_changes(subset=50, epochs=3, precision="float32")
    assert {(p.training.precision, p.training.epochs) for p in wide.parts} == {("float32", 3)}
    with pytest.raises(ValueError, match="subset must be an integer >= 1, got subset=0"):
        QUICK.with_changes(subset=0)


@pytest.mark.parametrize(
    ("only", "number"),
    [
        ({"model": "cnn", "variant": "main"}, 18),
        ({"variant": "dropout"}, 5),
        ({"variant": "No regulariser", "seed": "1"}, 1),
        ({"dataset": "mnist", "model": "cnn", "loss": "cce", "eta": "0.4"}, 33),
    ],
)
def test_parts_are_chosen_by_what_tells_them_apart(only, number):
    assert len(choose(CPU, only)) == number


def test_a_part_that_is_not_there_names_those_that_are():
    with pytest.raises(ValueError, match=r"variant must be one of main, no regulariser, .*got variant='wd'"):
        choose(CPU, {"variant": "wd"})
    with pytest.raises(ValueError, match="dataset must be one of cifar10, got dataset='mnist'"):
        choose(PAPER, {"model": "resnet32", "dataset": "mnist"})


def test_the_keys_of_all_runs_differ_and_epochs_are_part_of_them():
    keys = {run_id(configuration(QUICK, run)) for run in QUICK.runs()}
    shorter = QUICK.with_changes(epochs=5)
    other = {run_id(configuration(shorter, run)) for run in shorter.runs()}
    assert len(keys) == len(other) == len(QUICK.runs())
    assert not keys & other


def test_the_design_is_paired():
    """One seed and rate: the same altered labels for every loss; one seed: the same start and order."""
    labels = {}
    for run in QUICK.runs():
        drawn = noisy_labels(QUICK, run)
        labels.setdefault((run.seed, run.rate), set()).add(drawn.noisy_labels.tobytes())
        assert abs(drawn.realised_rate - run.rate) <= Fraction(10, 1297)
    assert {len(found) for found in labels.values()} == {1}
    # the known-false case: other seeds and rates do give other labels
    noisy = {key: found for key, found in labels.items() if key[1] > 0}
    assert len(set().union(*noisy.values())) == len(noisy)


def test_streams_are_apart():
    streams = [
        stream("weights", 0),
        stream("batch order", 0),
        stream("batch order", 1),
        label_stream(0, Fraction(0)),
        label_stream(0, Fraction(2, 5)),
        label_stream(1, Fraction(2, 5)),
    ]
    assert len({rng.integers(2**63) for rng in streams}) == len(streams)
    assert stream("weights", 3).integers(2**63) == torch_seed("weights", 3)
    first, second = (label_stream(0, Fraction("0.4")).permutation(9) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("only", "number"),
    [
        ({}, len(QUICK.runs())),
        ({"loss": "rll"}, 5 * (5 + 3 + 2) + 3),
        ({"loss": "RLL"}, 5 * (5 + 3 + 2) + 3),
        ({"loss": "rll", "start": "none"}, 5 * (5 + 3) + 3),
        ({"loss": "rll(alpha=1/10)"}, 5 * (5 + 2)),
        ({"loss": "RLL(alpha=0.1)", "eta": "0.4"}, 5 * 3),
        ({"loss": "cross-entropy"}, 5 * (5 + 1)),
        ({"start": "cce"}, 5 * 3),
        ({"start": "RLL(alpha=0.1)", "loss": "cce", "seed": 2}, 1),
        ({"start": "none"}, len(QUICK.runs()) - 5 * 5),
        ({"eta": 0.85}, 20),
        ({"eta": "17/20", "model": "mlp"}, 20),
        ({"seed": "4", "eta": "0", "loss": "nce"}, 1),
        ({"loss": "focal"}, 2),
        ({"seed": 4, "eta": 0, "loss": "mae"}, 1),
    ],
)
def test_a_part_is_chosen(only, number):
    assert len(choose(QUICK, only)) == number


@pytest.mark.parametrize(
    ("only", "message"),
    [
        (
            {"los": "rll"},
            "only must be a key among loss, eta, model, dataset, variant, seed, start, got only='los'; did",
        ),
        ({"loss": "rlll"}, "loss must be one of the runs chosen: cce, .*got loss='rlll'"),
        ({"loss": "rll(alpha=1/3)"}, r"got loss='rll\(alpha=1/3\)'; did you mean rll\(alpha="),
        ({"loss": "zero-one"}, "loss must be one of the runs chosen"),
        ({"loss": "cce("}, r"got loss='cce\('"),
        ({"eta": "0.3"}, "eta must be a rate of the runs chosen: .*2/5.*, got eta='0.3'"),
        ({"loss": "nce", "eta": "0.2"}, "eta must be a rate of the runs chosen: 0, 2/5, got eta='0.2'"),
        ({"eta": "1.5"}, r"eta must be in \[0, 1\], got eta="),
        ({"eta": "x"}, "eta must be a rational number"),
        ({"model": "resnet"}, "model must be one of mlp, got model='resnet'"),
        ({"seed": "9"}, "seed must be one of .*got seed='9'"),
        ({"start": "mae"}, "start must be one of the runs chosen: none, cce, .*got start='mae'"),
        ({"start": "none", "loss": "zero-one"}, "loss must be one of the runs chosen"),
    ],
)
def test_a_choice_that_matches_nothing_names_what_there_is(only, message):
    with pytest.raises(ValueError, match=message) as caught:
        choose(QUICK, only)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"grid": (("ccee", Fraction(0)),)}, ValueError, "loss must be a known loss, got loss='ccee'"),
        ({"grid": (("cce", 2),)}, ValueError, r"eta must be in \[0, 1\], got eta=2"),
        ({"grid": (("rll", 0), ("RLL(alpha=0.1)", 0))}, ValueError, "grid must be .*without repetition"),
        ({"grid": ()}, ValueError, "grid must be non-empty"),
        ({"seeds": (1, 1)}, ValueError, r"seeds must be .*without repetition, got seeds=\[1, 1\]"),
        ({"seeds": ()}, ValueError, "seeds must be non-empty"),
        ({"seeds": (-1,)}, ValueError, "seeds must be integers >= 0, got seeds=-1"),
        ({"seeds": (0.5,)}, TypeError, "seeds must be integers >= 0, got seed=0.5"),
        ({"stack_size": 0}, ValueError, "stack_size must be an integer >= 1, got stack_size=0"),
        ({"first_seed_grid": (("cce", 0),)}, ValueError, "grid must be .*without repetition"),
        ({"warm": (("cce", "mae", "2/5"),) * 2}, ValueError, "warm must be .*without repetition"),
        ({"warm": (("focal", "mae", "2/5"),)}, ValueError, r"warm must be starts from runs .*focal"),
        ({"warm": (("cce", "mae", "1/3"),)}, ValueError, r"warm must be starts from runs .*got warm=.*1/3"),
        ({"warm": (("cce", "maee", "2/5"),)}, ValueError, "loss must be a known loss, got loss='maee'"),
    ],
)
def test_a_declaration_out_of_domain_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        replace(QUICK, **changes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"seeds": 0}, ValueError, "seeds must be an integer >= 1, got seeds=0"),
        ({"seeds": 2.5}, TypeError, "seeds must be an integer >= 1, got seeds=2.5"),
        ({"seeds": "two"}, TypeError, "seeds must be integers >= 0, got seed='t'"),
        ({"seeds": True}, TypeError, "seeds must be an integer >= 1, got seeds=True"),
        ({"epochs": 0}, ValueError, "epochs must be an integer >= 1, got epochs=0"),
        ({"epochs": "5"}, TypeError, "epochs must be an integer >= 1, got epochs='5'"),
    ],
)
def test_changes_out_of_domain_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        QUICK.with_changes(**changes)


def test_losses_are_kept_by_their_one_text(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def flat(logits, labels):\n    return logits.sum(-1) * 0\n")
    found = Experiment(name="x", dataset="digits", grid=(("RLL(alpha=0.1)", 0), (f"{file}:flat", "0.4")))
    assert found.grid == (("rll(alpha=1/10)", 0), (f"{file}:flat", Fraction(2, 5)))
    assert get(found.grid[1][0]).spec == "flat"


def test_an_unknown_experiment_names_what_there_is():
    assert get_experiment("quick") is QUICK
    with pytest.raises(
        ValueError,
        match=r"one of quick, cpu, cifar, short, pair, paper, own, got .*'quik'; did you mean quick",
    ):
        get_experiment("quik")
