"""Which kernel computes which loss: by the exact class, since a subclass may have another formula.

A loss that is not here (a user's own) has no kernel and goes through its formula.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lossmatters.theory import losses
from lossmatters.theory.criteria import label_only_bent as bent
from lossmatters.theory.criteria.autograd import Kernel
from lossmatters.theory.criteria.bi_tempered import BiTemperedKernel
from lossmatters.theory.criteria.gains import NNCEGain, NNFLGain
from lossmatters.theory.criteria.label_only import (
    CCEKernel,
    FocalKernel,
    GCEKernel,
    LabelOnlyKernel,
    LinearKernel,
)
from lossmatters.theory.criteria.logarithms import LogarithmsKernel
from lossmatters.theory.criteria.mixed import MixtureKernel
from lossmatters.theory.criteria.nce import NCEKernel
from lossmatters.theory.criteria.rll import RLLKernel
from lossmatters.theory.criteria.shares import ShareKernel
from lossmatters.theory.criteria.squared_error import SquaredErrorKernel
from lossmatters.theory.criteria.sums import KernelSum, LabelOnlySum
from lossmatters.theory.criteria.symmetrised_power import SGCEKernel
from lossmatters.theory.criteria.tilted import LDRKLKernel
from lossmatters.theory.losses.averaging import LabelMeanSeparable, NoiseAveragedSeparable
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.corrected import UniformBackwardSeparable
from lossmatters.theory.losses.mixtures import SeparableMixture
from lossmatters.theory.losses.symmetrising import SymmetrisedSeparable


def _gce(q: Fraction) -> LabelOnlyKernel:
    return LinearKernel(1.0) if q == 1 else GCEKernel(float(q))


def _sce(loss: losses.SCE) -> Kernel:
    return LabelOnlySum(((float(loss.alpha), CCEKernel()), (float(loss.beta * loss.A), LinearKernel(1.0))))


def _normalized(loss: losses.Normalized) -> Kernel | None:
    base = kernel(loss.base)
    if base == SquaredErrorKernel():
        return SquaredErrorKernel(normalized=True)
    if isinstance(base, CCEKernel):
        return NCEKernel()
    return ShareKernel(base) if isinstance(base, LabelOnlyKernel) else None


def _mixture(loss: SeparableMixture) -> Kernel | None:
    base = kernel(loss.base)
    return MixtureKernel(loss, base) if isinstance(base, LabelOnlyKernel) else None


def _sum(loss: losses.Combination | losses.SeparableCombination) -> Kernel | None:
    terms = [(float(factor), kernel(term)) for factor, term in loss.terms]
    known = [(factor, term) for factor, term in terms if term is not None]
    if len(known) < len(terms):
        return None
    label_only = [(factor, term) for factor, term in known if isinstance(term, LabelOnlyKernel)]
    return LabelOnlySum(tuple(label_only)) if len(label_only) == len(known) else KernelSum(tuple(known))


KERNELS: dict[type[Loss], Callable[[Any], Kernel | None]] = {
    losses.CCE: lambda loss: CCEKernel(),
    losses.MAE: lambda loss: LinearKernel(2.0),
    losses.Unhinged: lambda loss: LinearKernel(1.0),
    losses.RCE: lambda loss: LinearKernel(float(loss.A)),
    losses.SCE: _sce,
    losses.GCE: lambda loss: _gce(loss.q),
    losses.TruncatedGCE: lambda loss: bent.TruncatedGCEKernel(float(loss.q), float(loss.k)),
    losses.Focal: lambda loss: FocalKernel(float(loss.gamma)),
    losses.PHuberCE: lambda loss: bent.PHuberCEKernel(float(loss.tau)),
    losses.PHuberGCE: lambda loss: bent.PHuberGCEKernel(float(loss.q), float(loss.tau)),
    losses.AGCE: lambda loss: bent.AGCEKernel(float(loss.a), float(loss.q)),
    losses.AUL: lambda loss: bent.AULKernel(float(loss.a), float(loss.q)),
    losses.AEL: lambda loss: bent.AELKernel(float(loss.a)),
    losses.TaylorCE: lambda loss: bent.TaylorCEKernel(int(loss.n)),
    losses.JS: lambda loss: bent.JSKernel(float(1 - loss.pi1)),
    losses.ShiftedCE: lambda loss: bent.ShiftedCEKernel(float(loss.alpha)),
    losses.MAEStar: lambda loss: bent.MAEStarKernel(float(loss.c)),
    losses.LabelSmoothing: lambda loss: LogarithmsKernel(float(1 - loss.epsilon), float(loss.epsilon)),
    losses.LogitUnhinged: lambda loss: LogarithmsKernel(1.0, -1.0),
    losses.SGCE: lambda loss: SGCEKernel(float(loss.q)),
    losses.LDRKL: lambda loss: LDRKLKernel(float(loss.temp), float(loss.margin)),
    losses.MSE: lambda loss: SquaredErrorKernel(),
    losses.NMSE: lambda loss: SquaredErrorKernel(normalized=True),
    losses.AMSE: lambda loss: SquaredErrorKernel(target=float(loss.a)),
    losses.RLL: lambda loss: RLLKernel(float(loss.alpha)),
    losses.BiTempered: lambda loss: BiTemperedKernel(float(1 - loss.t1)),
    losses.NCE: lambda loss: NCEKernel(),
    losses.NGCE: lambda loss: ShareKernel(_gce(loss.q)),
    losses.NFL: lambda loss: ShareKernel(FocalKernel(float(loss.gamma))),
    losses.NNCE: lambda loss: ShareKernel(NNCEGain(float(loss.p_min)), gain=True),
    losses.NNFL: lambda loss: ShareKernel(NNFLGain(float(loss.gamma), float(loss.p_min)), gain=True),
    losses.Normalized: _normalized,
    SymmetrisedSeparable: _mixture,
    NoiseAveragedSeparable: _mixture,
    LabelMeanSeparable: _mixture,
    UniformBackwardSeparable: _mixture,
    **dict.fromkeys(
        (
            losses.Combination,
            losses.SeparableCombination,
            losses.NCEAndMAE,
            losses.NCEAndRCE,
            losses.NFLAndMAE,
            losses.NFLAndRCE,
            losses.NCEAndAGCE,
            losses.NCEAndAUL,
            losses.NCEAndAEL,
            losses.NCEAndAMSE,
            losses.NCEAndNNCE,
        ),
        _sum,
    ),
}


def kernel(loss: Loss) -> Kernel | None:
    """Return the kernel of a loss of the catalogue, of a sum or a normalised loss made of them; or None."""
    make = KERNELS.get(type(loss))
    return None if make is None else make(loss)
