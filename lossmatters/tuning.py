"""What the command `tune` does: choose a loss, or its parameter, where every label may be wrong (V1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

NOISE = "0.4"
HELD = Fraction(1, 5)
OVER = {"rll": "alpha=1/1000,1/100,1/10,1/2,2", "gce": "q=1/10,3/10,1/2,7/10,9/10"}  # unless told otherwise


def candidates(losses: Sequence[str], over: str | None = None) -> tuple[str, ...]:
    """Return the losses to choose among, by their one text each.

    Parameters
    ----------
    losses : sequence of str
        Two or more, or one whose parameter goes over several values.
    over : str, optional
        ``alpha=1/100,1/10,1``; of RLL and GCE there is one to begin with.

    Raises
    ------
    ValueError, TypeError
        Fewer than two different losses, an unknown one, a parameter out of its domain.
    """
    from lossmatters.empirics.experiments.experiment import canonical
    from lossmatters.theory.exact import fail

    texts = list(losses)
    if len(texts) == 1:
        (only,) = texts
        parameter, equals, values = (over or OVER.get(only, "")).partition("=")
        if not equals or not parameter.strip().isidentifier():
            fail("over", "NAME=VALUE,VALUE,... where there is one loss", over)
        texts = [f"{only}({parameter.strip()}={value.strip()})" for value in values.split(",")]
    elif over is not None:
        fail("over", "left out where there are several losses", over)
    found = tuple(dict.fromkeys(map(canonical, texts)))
    if len(found) < 2:
        fail("losses", "two or more, or one with values of a parameter", list(found))
    return found


def tuned(
    losses: Sequence[str],
    over: str | None = None,
    *,
    dataset: Any = "digits",
    model: Any = "mlp",
    noise: Any = NOISE,
    annotated: bool = False,
    held: Any = HELD,
    seed: int = 0,
    epochs: int | None = None,
    device: str = "auto",
    data_dir: Path | None = None,
    on_epoch: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Train a network with each loss, and choose by noisy labels that none of them was trained on.

    Parameters
    ----------
    losses, over
        See `candidates`.
    noise : number or str
        The rate eta of uniform noise. The labels of the data set are altered at this rate first, those of
        validation too, and the answer says beside the choice what clean labels would have chosen.
    annotated : bool
        The labels are as annotated, wrong already at the rate `noise`: they are left as they are.
    held : number
        The share of the training samples that is held out for validation.
    seed : int
        Of the split, the noise and the networks. Another one may choose another loss.
    on_epoch : callable, optional
        Called with the number of epochs that are done.

    Raises
    ------
    TypeError, ValueError, OSError
        Anything that the library refuses; too few samples to hold out.
    """
    from lossmatters.empirics.data import as_dataset, load
    from lossmatters.empirics.engine import train as engine
    from lossmatters.empirics.engine.device import resolve_device
    from lossmatters.empirics.engine.feed import batches
    from lossmatters.empirics.engine.forward import predict
    from lossmatters.empirics.engine.training import Training, check_count
    from lossmatters.empirics.models import as_model
    from lossmatters.empirics.randomness import label_stream, stream
    from lossmatters.theory.exact import check_rate, exact, fail
    from lossmatters.theory.losses import get
    from lossmatters.theory.noise import SymmetricNoise
    from lossmatters.theory.validation import choose

    chosen, network, rate = candidates(losses, over), as_model(model), check_rate(noise, "noise")
    share = exact(held, "held")
    if not 0 < share < 1:
        fail("held", "in (0, 1)", share)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        fail("seed", "an integer >= 0", seed)
    where = resolve_device(device)
    training = Training() if epochs is None else Training(epochs=check_count("epochs", epochs))
    data = load(dataset if isinstance(dataset, str) else as_dataset(dataset), data_dir)
    k, size = data.num_classes, len(data.train_labels)
    if rate >= Fraction(k - 1, k):
        fail("noise", f"below (K-1)/K = {Fraction(k - 1, k)}, where labels say something", rate)
    kept = size - round(share * size)
    if not k <= kept < size:
        fail("held", f"a share of {size} samples that leaves some to validate and some to train", share)
    labels = data.train_labels
    if not annotated:
        drawn = SymmetricNoise(rate).apply(labels, k, label_stream(seed, rate), draw="independent")
        labels = drawn.noisy_labels.astype(labels.dtype)
    order = stream("validation", seed).permutation(size)
    train, validation = order[:kept], order[kept:]
    part = replace(
        data, train_inputs=data.train_inputs[train], train_labels=data.train_labels[train], name=str(data)
    )
    networks = [engine.Network(get(loss), seed, labels[train]) for loss in chosen]
    _, stack = engine.train_stack(part, network, training, networks, device=where, on_epoch=on_epoch)
    inputs = batches(data, data.train_inputs[validation], network, device=where)
    predicted = predict(stack, inputs, training.precision).cpu().numpy()
    choice = choose(predicted, labels[validation], k, rate)
    clean = None if annotated else (predicted == data.train_labels[validation]).mean(axis=1)
    noisy = (predicted == labels[validation]).mean(axis=1)
    rows = [
        {
            "loss": loss,
            "noisy_accuracy": float(noisy[place]),
            "clean_accuracy": _plain(choice.accuracies[place]),
            "behind_the_best": _plain(choice.leads[place]),
            "may_be_as_good": place in choice.not_worse,
            "with_clean_labels": None if clean is None else float(clean[place]),
        }
        for place, loss in enumerate(chosen)
    ]
    right = None if clean is None else float(clean.max())
    best_of_all = [loss for place, loss in enumerate(chosen) if clean is not None and clean[place] == right]
    return {
        "best": chosen[choice.best],
        "decided": choice.decided,
        "clean_choice": best_of_all or None,
        "cost": None if clean is None or right is None else right - float(clean[choice.best]),
        "losses": rows,
        "validation_samples": size - kept,
        "noise_rate": str(rate),
        "annotated": annotated,
        "dataset": str(data),
        "model": network.name,
        "epochs": training.epochs,
        "seed": seed,
    }


def _plain(estimate: Any) -> dict[str, float] | None:
    return None if estimate is None else {key: getattr(estimate, key) for key in ("value", "low", "high")}
