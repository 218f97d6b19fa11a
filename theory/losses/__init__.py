"""The losses of the catalogue, what they are made of, and how to name them."""

from lossmatters.theory.losses.asymmetric import AEL, AGCE, AMSE, AUL
from lossmatters.theory.losses.averaging import label_mean, noise_averaged
from lossmatters.theory.losses.base import Combination, Loss, SeparableCombination, SeparableLoss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.losses.cce import CCE
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.corrected import Corrected, corrected
from lossmatters.theory.losses.eps_softmax import EpsilonCE
from lossmatters.theory.losses.focal import Focal
from lossmatters.theory.losses.gce import GCE
from lossmatters.theory.losses.huberised import PHuberCE, PHuberGCE
from lossmatters.theory.losses.jensen_shannon import JS
from lossmatters.theory.losses.label_smoothing import LabelSmoothing
from lossmatters.theory.losses.ldr import LDRKL
from lossmatters.theory.losses.linear import RCE, Unhinged
from lossmatters.theory.losses.logit_bias import MAEStar
from lossmatters.theory.losses.logit_unhinged import LogitUnhinged
from lossmatters.theory.losses.mae import MAE
from lossmatters.theory.losses.mse import MSE
from lossmatters.theory.losses.negative import NNCE, NNFL
from lossmatters.theory.losses.normalized import NCE, NFL, NGCE, NMSE
from lossmatters.theory.losses.pairs import NCEAndMAE, NCEAndRCE, NFLAndMAE, NFLAndRCE
from lossmatters.theory.losses.pairs_asymmetric import (
    NCEAndAEL,
    NCEAndAGCE,
    NCEAndAMSE,
    NCEAndAUL,
    NCEAndNNCE,
)
from lossmatters.theory.losses.registry import LOSSES, LossFileError, get, register
from lossmatters.theory.losses.rll import RLL
from lossmatters.theory.losses.sce import SCE
from lossmatters.theory.losses.sgce import SGCE
from lossmatters.theory.losses.shifted import ShiftedCE
from lossmatters.theory.losses.symmetrising import Symmetrised, symmetrised
from lossmatters.theory.losses.taylor import TaylorCE
from lossmatters.theory.losses.tempered import BiTempered
from lossmatters.theory.losses.truncated import TruncatedGCE
from lossmatters.theory.losses.unbounded import LogSumExpLoss, UnboundedSumLoss
from lossmatters.theory.losses.zero_one import ZeroOne

__all__ = [
    "AEL",
    "AGCE",
    "AMSE",
    "AUL",
    "CCE",
    "GCE",
    "JS",
    "LDRKL",
    "LOSSES",
    "MAE",
    "MSE",
    "NCE",
    "NFL",
    "NGCE",
    "NMSE",
    "NNCE",
    "NNFL",
    "RCE",
    "RLL",
    "SCE",
    "SGCE",
    "BiTempered",
    "CallableLoss",
    "Combination",
    "Corrected",
    "EpsilonCE",
    "Focal",
    "LabelSmoothing",
    "LogSumExpLoss",
    "LogitUnhinged",
    "Loss",
    "LossFileError",
    "MAEStar",
    "NCEAndAEL",
    "NCEAndAGCE",
    "NCEAndAMSE",
    "NCEAndAUL",
    "NCEAndMAE",
    "NCEAndNNCE",
    "NCEAndRCE",
    "NFLAndMAE",
    "NFLAndRCE",
    "Normalized",
    "PHuberCE",
    "PHuberGCE",
    "SeparableCombination",
    "SeparableLoss",
    "ShareLoss",
    "ShiftedCE",
    "Symmetrised",
    "TaylorCE",
    "TruncatedGCE",
    "UnboundedSumLoss",
    "Unhinged",
    "ZeroOne",
    "corrected",
    "get",
    "label_mean",
    "noise_averaged",
    "register",
    "symmetrised",
]
