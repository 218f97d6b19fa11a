"""The meter of a user's own loop counts what `measure` counts: on any device, over processes, by sample."""

from __future__ import annotations

import datetime
import socket
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributed

from lossmatters.empirics.meter import SCALARS, MemorizationMeter
from lossmatters.theory.memorization import measure

NAMES = (
    "noisy_train_accuracy",
    "clean_train_accuracy",
    "memorization_rate",
    "recovery_rate",
    "altered_share",
)


@st.composite
def three_label_rows(draw):
    k, n = draw(st.integers(2, 5)), draw(st.integers(1, 30))
    labels = st.lists(st.integers(0, k - 1), min_size=n, max_size=n)
    return k, *(torch.tensor(draw(labels)) for _ in range(3))


@given(three_label_rows(), st.integers(1, 7))
def test_it_counts_what_measure_counts_whatever_the_batches(rows, batch):
    k, classes, noisy, clean = rows
    meter = MemorizationMeter(k)
    for first in range(0, len(classes), batch):
        part = slice(first, first + batch)
        logits = torch.nn.functional.one_hot(classes[part], k).float()
        meter.update(logits, noisy[part], clean[part])
    found, exact = meter.compute(), measure(classes, noisy, clean)
    for name in SCALARS:
        wanted = getattr(exact, name)
        value = float(found[name])
        assert np.isnan(value) if wanted is None else Fraction(value).limit_denominator(1000) == wanted, name
    for c in range(k):
        own = clean == c
        recall = float(found["class_recall"][c])
        assert np.isnan(recall) if not own.any() else recall == float((classes == clean)[own].double().mean())


def test_by_class_it_is_the_measure_of_the_class():
    classes, noisy, clean = torch.tensor([[1, 1, 0, 0, 1], [1, 0, 0, 0, 1], [0, 0, 0, 1, 1]])
    meter = MemorizationMeter(2)
    meter.update(classes, noisy, clean)
    found = meter.compute()
    assert found["class_noisy_train_accuracy"].tolist() == [2 / 3, 1.0]
    assert found["class_memorization_rate"].tolist() == [1.0, 1.0]
    assert found["class_recovery_rate"].tolist() == [0.0, 0.0]


def test_update_waits_for_no_device():
    """A tensor on "meta" has no values: whoever looks at one raises, as whoever looks at a GPU's waits."""

    class Looks(MemorizationMeter):
        def update(self, logits, noisy_labels, clean_labels, index=None):
            super().update(logits, noisy_labels, clean_labels, index)
            if int((clean_labels < 0).sum()):
                raise ValueError

    batch = [torch.zeros(4, 3, device="meta")]
    batch += [torch.zeros(4, dtype=torch.int64, device="meta") for _ in range(3)]
    MemorizationMeter(3, num_samples=9).to("meta").update(*batch)
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        Looks(3, num_samples=9).to("meta").update(*batch)


def test_half_precision_and_a_graph_are_fine():
    logits = torch.randn(6, 3, dtype=torch.bfloat16, requires_grad=True)
    meter = MemorizationMeter(3)
    meter.update(logits, torch.zeros(6, dtype=torch.int64), torch.zeros(6, dtype=torch.int64))
    assert not meter.counts.requires_grad


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2, 4), [0, 1], [0, 1]), r"logits must be of shape \(B, 3\), or .* got logits=\(2, 4\)"),
        ((torch.zeros(2, 3), [0], [0, 1]), r"noisy_labels must be of shape \(2,\), got noisy_labels=\(1,\)"),
        ((torch.zeros(2, 3), [0, 1], [0, 1]), "index must be of shape .* where num_samples is given, got"),
    ],
)
def test_bad_batches_are_refused(arguments, message):
    logits, noisy, clean = arguments
    with pytest.raises(ValueError, match=message):
        MemorizationMeter(3, num_samples=5).update(logits, torch.tensor(noisy), torch.tensor(clean))


def test_labels_out_of_range_are_told_at_the_end():
    meter = MemorizationMeter(3)
    meter.update(torch.zeros(3, 3), torch.tensor([0, 3, 1]), torch.tensor([0, 0, -1]))
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2, got labels='2 others'"):
        meter.compute()
    meter.reset()
    assert bool(meter.compute()["noisy_train_accuracy"].isnan())


def test_scores_tell_which_samples_were_memorised():
    noisy, clean = torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 0, 1])
    # sample 0 is right, wrong, right; 1 never; 2 recovered, then memorised; 3 memorised in the second epoch
    epochs = torch.tensor([[0, 0, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1]])
    meter = MemorizationMeter(2, num_samples=4)
    for classes in epochs:
        for index in torch.tensor([[3, 1], [0, 2]]):
            meter.update(classes[index], noisy[index], clean[index], index)
        meter.reset()
    scores = meter.sample_scores()
    assert scores["epochs_seen"].tolist() == [3, 3, 3, 3]
    assert scores["first_learned"].tolist() == [1, 0, 2, 2]
    assert scores["epochs_learned"].tolist() == [2, 0, 2, 1]
    assert scores["epochs_memorised"].tolist() == [0, 0, 2, 1]
    assert scores["epochs_recovered"].tolist() == [0, 0, 1, 2]
    assert scores["forgetting_events"].tolist() == [1, 0, 0, 1]
    assert scores["altered"].tolist() == [False, False, True, True]
    assert scores["memorised_last"].tolist() == [False, False, True, False]


def test_an_epoch_that_is_not_over_counts_and_looking_changes_nothing():
    meter = MemorizationMeter(2, num_samples=2)
    one = torch.tensor([0])
    meter.update(one, one, one, one)
    for _ in range(2):
        assert meter.sample_scores()["epochs_learned"].tolist() == [1, 0]
    meter.reset()
    meter.reset()  # an epoch without a sample is none
    meter.update(one, one, one, one)
    assert meter.sample_scores()["epochs_learned"].tolist() == [2, 0]
    assert meter.history.epoch == 1


def test_without_num_samples_there_are_no_scores():
    with pytest.raises(ValueError, match="num_samples must be given"):
        MemorizationMeter(2).sample_scores()


def _count_in_a_process(rank, port, out):
    store = distributed.TCPStore("127.0.0.1", port, 2, rank == 0, timeout=datetime.timedelta(seconds=60))
    distributed.init_process_group("gloo", rank=rank, world_size=2, store=store)
    meter, alone = MemorizationMeter(2, num_samples=4), MemorizationMeter(2)
    for epoch in range(2):
        index = torch.tensor([0, 1] if rank == epoch else [2, 3])  # each sees the other's samples next
        classes = torch.tensor([0, 1, 1, 0])[index] if epoch == 0 else torch.zeros(2, dtype=torch.int64)
        noisy, clean = torch.tensor([0, 1, 1, 1])[index], torch.tensor([0, 1, 0, 0])[index]
        meter.update(classes, noisy, clean, index)
        alone.reset()
        alone.update(classes, noisy, clean)
        values = {k: v.tolist() for k, v in meter.compute().items()}
        meter.reset()
    own = alone.counts[:, 1].sum() / alone.counts[:, 0].sum()
    torch.save(
        {"values": values, "scores": meter.sample_scores().tolist(), "own": float(own)}, f"{out}/{rank}"
    )
    distributed.destroy_process_group()


def test_processes_add_their_counts_up(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # forked, so that torch is not imported anew; nothing but gloo runs in there
    context = torch.multiprocessing.start_processes(
        _count_in_a_process, (port, str(tmp_path)), nprocs=2, join=False, start_method="fork"
    )
    while not context.join(timeout=60):
        pass
    first, second = (torch.load(tmp_path / str(rank), weights_only=True) for rank in range(2))
    for name, value in first["values"].items():
        np.testing.assert_array_equal(value, second["values"][name])  # NaN where there is nothing to count
    assert first["scores"] == second["scores"]
    assert first["values"]["noisy_train_accuracy"] == 0.25  # of four samples of the second epoch
    assert first["own"] != second["own"], "a meter that adds nothing up must not pass"
    learned = [row[2] for row in first["scores"]]
    assert learned == [2, 1, 1, 0]
    assert [row[5] for row in first["scores"]] == [0, 1, 1, 0], "forgotten across processes"


def test_it_goes_into_a_metric_collection():
    torchmetrics = pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    meter = MemorizationMeter(3, num_samples=4)
    collection = torchmetrics.MetricCollection(
        {
            "memorization": meter.as_torchmetric(),
            "accuracy": torchmetrics.classification.MulticlassAccuracy(3, average="micro"),
        }
    )
    logits = torch.eye(3)[[0, 1, 2, 0]]
    noisy, clean = torch.tensor([0, 1, 2, 1]), torch.tensor([0, 1, 0, 0])
    everything = {
        "preds": logits,
        "target": noisy,
        "logits": logits,
        "noisy_labels": noisy,
        "clean_labels": clean,
    }
    collection.update(**everything, index=torch.arange(4))
    found = collection.compute()
    assert float(found["noisy_train_accuracy"]) == float(found["accuracy"]) == 0.75
    assert float(found["memorization_rate"]) == 0.5
    collection.reset()
    assert meter.sample_scores()["epochs_memorised"].tolist() == [0, 0, 1, 0]
    assert bool(collection["memorization"].meter.compute()["recovery_rate"].isnan())


def test_calling_the_metric_counts_a_batch_and_ends_no_epoch():
    pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    meter = MemorizationMeter(2, num_samples=4)
    metric = meter.as_torchmetric()
    noisy, clean = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 1, 0, 0])
    for index in torch.tensor([[0, 1], [2, 3]]):
        batch = metric(noisy[index], noisy_labels=noisy[index], clean_labels=clean[index], index=index)
        assert float(batch["noisy_train_accuracy"]) == 1.0
    assert float(metric.compute()["clean_train_accuracy"]) == 0.5
    assert meter.sample_scores()["epochs_seen"].tolist() == [1, 1, 1, 1]
    assert meter.history.epoch == 0
