"""D3: gradients in the logits, in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.symmetry.loss_checks import with_symbols
from lossmatters.proofs_checks.methods.symbolic import same
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.dynamics.logit_gradients import (
    CLOSED,
    LABEL,
    chain_rule,
    closed_gradient,
    has_closed_gradient,
    label_factor,
    logit_gradient,
)
from lossmatters.theory.losses import CCE, GCE, LOSSES, MAE, MSE, NMSE, RCE, RLL, Loss, get
from lossmatters.theory.symbolic.algebra import K

OURS = "this project"
# Autograd and the closed form round differently: some tens of operations at 2^-53, on gradients of size <= 1
# whose divisors are at least 1/K.
ROUNDING = 1e-12


def closed_against_chain_rule(cases: Iterable[tuple[Loss, Loss]]) -> Evidence:
    """Decide, for each (form, loss), whether the closed form of `form` is the gradient of `loss`, all
    parameters symbolic.
    """
    scope = "K = 2, 3, 4, all outputs with positive entries, all parameters"
    cases = [(with_symbols(form), with_symbols(loss)) for form, loss in cases]
    for form, loss in cases:
        for k in (2, 3, 4):
            symbols = sympy.symbols(f"u1:{k + 1}", positive=True)
            probs = np.array(symbols, dtype=object)
            found = closed_gradient(form, probs, OPS.onehot(probs, 0), OPS)
            last = 1 - sum(symbols[:-1])  # outputs sum to 1: the closed forms use it
            for i, (left, right) in enumerate(zip(found, chain_rule(loss, k), strict=True)):
                equal, witness = same(exactly(left).subs(symbols[-1], last), right.subs(symbols[-1], last))
                if not equal:
                    status = Status.REFUTED if witness else Status.UNDECIDED
                    detail = f"component {i + 1} of the gradient of {loss.title} at K = {k}"
                    return Evidence(Method.SYMBOLIC, status, scope, detail, witness)
    detail = "; ".join(f"{loss.title}: {CLOSED[type(form)][0]}" for form, loss in cases)
    return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)


def factor_of_label(factors: Mapping[type[Loss], Callable[[Any, Any], Any]]) -> Evidence:
    """Compare, for losses f(u_y), the gradient with w(u_y)(u - e_y), w = -t f', for every K (dL/du is f'
    e_y).
    """
    scope = "all K >= 2, all parameters"
    for cls, factor in factors.items():
        loss: Any = with_symbols(cls())
        found = label_factor(loss, K)
        if found is None:
            detail = f"{loss.title} depends on more than u_y"
            return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, detail, {"loss": loss.name})
        equal, witness = same(found, factor(loss, LABEL))
        if not equal:
            status = Status.REFUTED if witness else Status.UNDECIDED
            return Evidence(Method.SYMBOLIC, status, scope, f"w of {loss.title} is {found}", witness)
    names = ", ".join(cls().title for cls in factors)
    return Evidence(Method.SYMBOLIC, Status.PROVED, scope, f"w(t) = -t f'(t) for {names}")


def autograd_gap(loss: Loss, num_classes: int, gradient: Callable[..., Any] = logit_gradient) -> float:
    """Return the largest difference between a gradient and torch's, over 40 random outputs in float64."""
    import torch

    rng = np.random.default_rng(0)
    logits = torch.from_numpy(2 * rng.standard_normal((40, num_classes))).requires_grad_()
    labels = torch.from_numpy(rng.integers(0, num_classes, 40))
    loss.criterion(reduction="sum")(logits, labels).backward()
    assert logits.grad is not None
    probs = torch.softmax(logits.detach(), 1).numpy()
    return float(np.abs(gradient(loss, probs, labels.numpy()) - logits.grad.numpy()).max())


def against_autograd(scale: float) -> Evidence:
    """Compare `scale` times the gradient of every loss with a closed form, at its defaults, with torch's."""
    names = [name for name in LOSSES if has_closed_gradient(get(name))]
    scope = f"{len(names)} losses, K = 2, 3, 10, 40 outputs each, float64"
    gaps = {}
    for name in names:
        for k in (2, 3, 10):
            gap = autograd_gap(get(name), k, lambda *a: scale * logit_gradient(*a))
            gaps[f"{name}, K = {k}"] = gap
            if gap > ROUNDING:
                witness = {"loss": name, "K": k, "difference": gap}
                return Evidence(
                    Method.SAMPLING, Status.REFUTED, scope, f"{name} differs by {gap:.2g}", witness
                )
    detail = f"largest difference {max(gaps.values()):.1e}: {', '.join(names)}"
    return Evidence(Method.SAMPLING, Status.SAMPLED, scope, detail)


def _own(*classes: type[Loss]) -> tuple[tuple[Loss, Loss], ...]:
    return tuple((cls(), cls()) for cls in classes)


CLAIMS = (
    Claim(
        "D3",
        "Logit gradients",
        "$\\nabla_z L$ is $u - e_y$ for CCE, $2 u_y (u - e_y)$ for MAE, $u_y^q (u - e_y)$ for GCE; for MSE "
        "$2 u_k (u_k - e_k - s + u_y)$ with $s = \\sum_i u_i^2$; for NMSE "
        "$\\frac{2 u_k ((1 - K L)(u_k - s) - (e_k - u_y))}{K s + K - 2}$; for RLL $v_k - u_k \\sum_i v_i$ with "
        "$v_y = \\frac{-u_y}{\\alpha + u_y}$ and $v_i = \\frac{u_i}{(K - 1)(\\alpha + u_i)}$ otherwise.",
        OURS,
        assumes=("u = softmax(z)",),
        checks=(
            Check(
                Method.SYMBOLIC,
                closed_against_chain_rule,
                _own(CCE, MAE, GCE, MSE, NMSE, RLL),
                ((MAE(), GCE()),),
                "the gradient of GCE is that of MAE",
            ),
            Check(Method.SAMPLING, against_autograd, 1.0, 1.001, "1.001 times the gradient agrees as well"),
        ),
    ),
    Claim(
        "D3.label",
        "Losses of the label's probability alone share one direction",
        "If $L = f(u_y)$ then $\\nabla_z L = w(u_y)(u - e_y)$ with $w(t) = -t f'(t)$: $1$ for CCE, $t^q$ for GCE, "
        "$2t$ for MAE, $A t$ for RCE. All follow the path of CCE, at other speeds.",
        OURS,
        assumes=("u = softmax(z)",),
        checks=(
            Check(
                Method.SYMBOLIC,
                factor_of_label,
                {
                    CCE: lambda loss, t: 1,
                    GCE: lambda loss, t: t**loss.q,
                    MAE: lambda loss, t: 2 * t,
                    RCE: lambda loss, t: loss.A * t,
                },
                {GCE: lambda loss, t: t ** (1 - loss.q)},
                "the factor of GCE is t^(1-q)",
            ),
        ),
    ),
)
