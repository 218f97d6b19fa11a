"""What a row of the table of losses is checked by, besides `methods.verdicts`: open parameters, largest losses."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import sympy

from lossmatters.proofs_checks.claim import Evidence, Method, Status
from lossmatters.proofs_checks.methods.symbolic import same
from lossmatters.proofs_checks.methods.verdicts import Symmetric, symmetry
from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses import Loss, SeparableLoss
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symmetry.loss_maximum import loss_maximum


@dataclass(frozen=True)
class SquareOfLabel(SeparableLoss):
    """u_y^2, the smallest thing that spoils symmetry: its label sum is sum_i u_i^2."""

    name = "square-of-label"

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return t**2


def with_symbols(loss: Loss) -> Loss:
    """Replace the parameters of the loss by positive symbols of the same names: a verdict then covers them
    all.
    """
    view = copy.copy(loss)
    for key in loss.parameters:
        object.__setattr__(view, key, sympy.Symbol(key, positive=True))
    return view


def symmetry_for_all_parameters(claimed: Symmetric) -> Evidence:
    """Decide as `symmetry` does, with every parameter of the loss a positive symbol."""
    evidence = symmetry(Symmetric(with_symbols(claimed.loss), claimed.constant))
    names = ", ".join(claimed.loss.parameters)
    return Evidence(
        evidence.method,
        evidence.status,
        f"{evidence.scope}, all {names} > 0",
        evidence.detail,
        evidence.witness,
    )


@dataclass(frozen=True)
class Maximum:
    """The statement "the largest loss is this" (SymPy text in K) at each K of a list."""

    loss: Loss
    value: str
    sizes: tuple[int, ...] = (2, 3, 5, 10)


def maximum(claimed: Maximum) -> Evidence:
    """Compare with the maximum that theory derives, encloses or, where it only samples, does not contradict."""
    found_all = []
    for k in claimed.sizes:
        found = loss_maximum(claimed.loss, k)
        said = sympy.sympify(claimed.value, locals={"K": K}).subs(K, k)
        scope = f"K in {{{', '.join(map(str, claimed.sizes))}}}"
        if found.value is None:
            return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, "the maximum is not known")
        equal, witness = same(found.value, said)
        if not equal:
            status = Status.REFUTED if witness else Status.UNDECIDED
            detail = f"the maximum at K = {k} is {found.value}, not {said}"
            return Evidence(Method.SYMBOLIC, status, f"K = {k}", detail, witness)
        found_all.append(found)
    detail = f"max L = {claimed.value} ({found_all[-1].how})"
    if all(m.is_exact for m in found_all):
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    if all(m.is_exact or m.is_certified for m in found_all):
        return Evidence(Method.INTERVAL, Status.CERTIFIED, scope, detail)
    return Evidence(Method.SAMPLING, Status.SAMPLED, scope, detail)
