"""D4: a model of memorization that needs no network: shared and private directions.

Derivation. n samples in K classes; a share eta of the labels is altered, uniformly. Near its parameters a
network's logits are linear in them, so gradient descent moves the logits of sample i by a kernel:
dz_i = -sum_j k(x_i, x_j) g_j/n, g_j the logit gradient of sample j at its own label. The model's kernel is

    k(x_i, x_j) = a [same clean class] + b_i [i = j]:

what a class has in common (the *shared* direction), and what a sample has to itself (its *private* one). So
z_i = s_c(i) + p_i. With n/K samples a class and time in units of n over the median of b,

    ds_c/dt = -R mean of g over class c,     dp_i/dt = -r_i g_i,     R = n a/(K b),

where r_i = b_i/b is log-normal of spread sigma and median 1, and all logits begin at 0. Classes are alike
and noise is uniform, so three kinds of vectors suffice: s_c, one number, as it treats the wrong classes
alike and sums to 0; p of an unaltered sample, one number for each r; p of an altered one, two for each r
(label, clean class; the rest alike). Expectations over r are means over equally likely values of it.

Optimisers. SGD steps by the gradient times the step size; momentum multiplies the time scale. Adam divides
by a running root mean square of each parameter's gradient; here every parameter takes part in all directions
alike, so all are divided by one number, that of the class mean g_mean of g, the largest part of the gradient
where R is large. It remembers 1/(1 - beta2) steps and corrects its bias, as Adam does. Left out: the first
moment, of ten steps, eps, and what batches and private directions add to the mean square. A factor c is
left, in logits a step: the time scale.

Steps. The shared direction settles R times sooner than the private ones move, within the optimiser's first
steps, and decides how large the mean square is for the next thousand. So the first steps are taken one by
one, later ones in ever larger groups, and the shared direction by an implicit step: with explicit steps it
goes to and fro, and the curves depend on how many steps are taken together.

The normaliser was chosen on the digits records, where the model was first tried: of three (the squared length
of the whole batch's gradient, that of all samples' gradients, that of the class mean alone) the one whose
predictions of the final M were least off over the other losses and rates of those same records. So what the
model says of digits is no free prediction; other data and networks had no part in the choice.

R, sigma and c are fitted to cross-entropy at one rate alone (`mean_field_fit`); all else is prediction: other
losses, other rates, J1, J2 and A_f.

Left out: features (easy and hard samples differ in r only, and unaltered samples are never hard), test
samples, weight decay, dropout, augmentation, batch normalisation, a change of the kernel in training, and
chance at the start, where an untrained network is right 1/K of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from lossmatters.theory.dynamics.mean_field_setup import Setup
from lossmatters.theory.exact import Number, fail
from lossmatters.theory.losses import Loss
from lossmatters.theory.memorization import accuracies, flip_epoch

BETA2 = 0.999  # of Adam, as torch has it
VALUES = 51  # of r: M in steps of a fiftieth
BESIDE = 1e-5  # along the shared direction, at which the change of its gradient is measured
GRAIN = 0.02  # of those done: for so many of the optimiser's steps one of the model's stands, or for one

# From logits of (label, clean class, each other) to the gradient in the first two.
Field = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Parameters:
    """What is fitted: R (`ratio`), sigma (`spread`) and c (`scale`), and how far the fit is off (`error`)."""

    ratio: float
    spread: float
    scale: float
    error: float = math.nan  # root mean squared difference of M


@dataclass(frozen=True)
class MemorizationPath:
    """What the model predicts for the end of each epoch.

    Attributes
    ----------
    noisy_train_accuracy, clean_train_accuracy : J1 and J2.
    memorization_rate, recovery_rate : M and A_f.
    """

    noisy_train_accuracy: tuple[float, ...]
    clean_train_accuracy: tuple[float, ...]
    memorization_rate: tuple[float, ...]
    recovery_rate: tuple[float, ...]

    @property
    def flip_epoch(self) -> int | None:
        """Return the flip epoch (M4), from 0, as for measured curves; None where there is none."""
        return flip_epoch(self.noisy_train_accuracy, self.clean_train_accuracy)


def memorization_path(loss: Loss, setup: Setup, parameters: Parameters) -> MemorizationPath:
    """Predict J1, J2, M and A_f over the epochs of a training, in about a second.

    Raises
    ------
    ValueError : a loss whose gradient is NaN or infinite on the way, or that has none.

    >>> from lossmatters.theory.losses import CCE
    >>> setup = Setup(10, 1000, "2/5", epochs=20, batch_size=50, optimiser="sgd")
    >>> path = memorization_path(CCE(), setup, Parameters(ratio=50, spread=0.5, scale=0.02))
    >>> path.clean_train_accuracy[0], path.memorization_rate[-1] > 0.9
    (1.0, True)
    """
    return memorization_paths(loss, setup, parameters, [setup.noise_rate])[0]


def memorization_paths(
    loss: Loss, setup: Setup, parameters: Parameters, noise_rates: Sequence[Number]
) -> list[MemorizationPath]:
    """Predict as `memorization_path` for several rates, in little more than the time of one.

    Raises
    ------
    ValueError : a rate outside (0, 1); as `memorization_path`.
    """
    rates = [float(replace(setup, noise_rate=rate).noise_rate) for rate in noise_rates]  # type: ignore[arg-type]
    field = _criterion(loss, setup.num_classes)
    curves = simulate(field, setup, [parameters] * len(rates), VALUES, rates)
    return [
        MemorizationPath(*(tuple(np.round(c, 12).tolist()) for c in (*accuracies(eta, *shares), *shares[1:])))
        for eta, *shares in zip(rates, *curves, strict=True)
    ]


def simulate(
    field: Field,
    setup: Setup,
    parameters: Sequence[Parameters],
    values: int,
    noise_rates: Sequence[float] = (),
    grain: float = GRAIN,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute A_c, M and A_f at the end of each epoch, (P, epochs) for P choices of parameters.

    Each choice may have a noise rate of its own; without any, that of the set-up is everyone's. `grain` is
    how coarse a step may be, as a share of the time before it.
    """
    k, wrong = setup.num_classes, setup.num_classes - 1
    eta = np.array(noise_rates or [float(setup.noise_rate)])[:, None]
    normal = np.array([NormalDist().inv_cdf((i + 0.5) / values) for i in range(values)])
    ratio, spread, scale = (
        np.array([[getattr(p, name)] for p in parameters]) for name in ("ratio", "spread", "scale")
    )
    rates = np.exp(spread * normal)  # (P, values)
    shared = np.zeros((len(parameters), 1))  # of the clean class; -1/(K-1) of it of each other
    own = np.zeros_like(rates)  # private, of an unaltered sample's class
    label, clean = np.zeros_like(rates), np.zeros_like(rates)  # private, of an altered one's
    square, remembered = np.zeros_like(shared), 0.0
    curves = np.zeros((3, len(parameters), setup.epochs))
    for epoch in range(setup.epochs):
        for share in _strides(epoch, setup.steps_an_epoch, grain):
            size = scale * share * (setup.step_sizes[epoch] if setup.step_sizes else 1.0)
            # here and a little further along the shared direction
            both = np.stack([shared, shared + BESIDE])
            g_label, g_clean = field(*_logits(k, both, own, label, clean))
            if not (np.isfinite(g_label).all() and np.isfinite(g_clean).all()):
                raise ValueError("gradient must be finite on the path, got nan or infinity")
            # of the clean class
            pull, further = ((1 - eta) * g_label[:, 0] + eta * g_clean[:, 1]).mean(axis=-1, keepdims=True)
            bend = np.maximum((further - pull) / BESIDE, 0)
            if setup.optimiser == "adam":
                decay = BETA2**share
                now = pull**2 * (1 + 1 / wrong)
                square, remembered = decay * square + (1 - decay) * now, decay * remembered + 1 - decay
                root = np.sqrt(square / remembered)
                step = np.divide(size, root, out=np.zeros_like(root), where=root > 0)
            else:
                step = size
            # Implicit in this one direction: it settles R times sooner than the others move, and an explicit
            # step goes to and fro across where it settles, unless it is too small to be worth taking.
            shared = shared - step * ratio * pull / (1 + step * ratio * bend)
            pace = step * rates
            own = own - pace * g_label[0, 0]
            label = label - pace * g_label[0, 1]
            clean = clean - pace * g_clean[0, 1]
        z = _logits(k, shared, own, label, clean)
        curves[:, :, epoch] = _accuracies(k, *z)
    return curves[0], curves[1], curves[2]


def _strides(epoch: int, steps: int, grain: float) -> list[float]:
    """Return for how many of the optimiser's steps (`steps` in an epoch) each of the model's stands."""
    if epoch:
        number = min(steps, math.ceil(1 / (grain * epoch)))
        return [steps / number] * number
    found: list[float] = []  # what settles at once is followed step by step
    while (left := steps - sum(found)) > 0:
        found.append(min(left, max(1, math.floor(grain * sum(found)))))
    return found


def _logits(
    k: int, shared: np.ndarray, own: np.ndarray, label: np.ndarray, clean: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits of (label, clean class, each other), (..., 2, P, values): unaltered, altered samples.

    For each (..., P, 1) of the shared direction.
    """
    own = shared + own
    rest = -own / (k - 1)  # an unaltered sample's label is its clean class: any other stands in for that
    wrong = -shared / (k - 1)
    other = wrong - (label + clean) / (k - 2) if k > 2 else 0 * own
    return (
        np.stack([own, wrong + label], axis=-3),
        np.stack([rest, shared + clean], axis=-3),
        np.stack([rest, other], axis=-3),
    )


def _accuracies(k: int, label: np.ndarray, clean: np.ndarray, other: np.ndarray) -> list[np.ndarray]:
    """Return A_c, M and A_f of (2, P, values) logits; a tie counts as the chance that it is broken so."""

    def first(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ahead = (a > b) & ((a > other[1]) | (k == 2))
        tied = (a == b) & (a == other[1])
        return (ahead + tied / k).mean(axis=1)

    right = (label[0] > other[0]) + (label[0] == other[0]) / k
    return [right.mean(axis=1), first(label[1], clean[1]), first(clean[1], label[1])]


def _criterion(loss: Loss, k: int) -> Field:
    """Return dL/dz of any loss as training computes it, by kernel or criterion, on rows of K logits."""
    import torch

    from lossmatters.theory.criteria.kernels import kernel
    from lossmatters.theory.criteria.ways import row_gradients

    own = kernel(loss)
    criterion = loss.criterion(reduction="sum")

    def gradients(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if own is not None:
            return row_gradients(own, logits, labels)
        value = criterion(logits.requires_grad_(), labels)
        if not value.requires_grad:
            fail("loss", "differentiable in the logits", loss.spec)
        return torch.autograd.grad(value, logits)[0]

    def field(label: np.ndarray, clean: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = np.empty((label.size, k))
        rows[:, 0], rows[:, 1] = label.ravel(), clean.ravel()
        rows[:, 2:] = other.reshape(-1, 1)
        found = gradients(torch.from_numpy(rows), torch.zeros(len(rows), dtype=torch.long)).numpy()
        return found[:, 0].reshape(label.shape), found[:, 1].reshape(label.shape)

    return field
