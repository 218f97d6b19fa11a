"""The losses of the catalogue, what they are made of, and how to name them."""

from theory.losses.asymmetric import AEL, AGCE, AMSE, AUL
from theory.losses.base import CallableLoss, Loss, SeparableLoss
from theory.losses.cce import CCE
from theory.losses.combinators import Combination, Normalized, SeparableCombination, ShareLoss
from theory.losses.focal import Focal
from theory.losses.gce import GCE
from theory.losses.huberised import PHuberCE, PHuberGCE
from theory.losses.jensen_shannon import JS
from theory.losses.linear import RCE, Unhinged
from theory.losses.mae import MAE
from theory.losses.mse import MSE
from theory.losses.negative import NNCE, NNFL
from theory.losses.normalized import NCE, NFL, NGCE, NMSE
from theory.losses.pairs import NCEAndMAE, NCEAndRCE, NFLAndMAE, NFLAndRCE
from theory.losses.registry import LOSSES, LossFileError, get, register
from theory.losses.rll import RLL
from theory.losses.sce import SCE
from theory.losses.taylor import TaylorCE
from theory.losses.tempered import BiTempered
from theory.losses.truncated import TruncatedGCE
from theory.losses.zero_one import ZeroOne

__all__ = [
    "AEL",
    "AGCE",
    "AMSE",
    "AUL",
    "CCE",
    "GCE",
    "JS",
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
    "BiTempered",
    "CallableLoss",
    "Combination",
    "Focal",
    "Loss",
    "LossFileError",
    "NCEAndMAE",
    "NCEAndRCE",
    "NFLAndMAE",
    "NFLAndRCE",
    "Normalized",
    "PHuberCE",
    "PHuberGCE",
    "SeparableCombination",
    "SeparableLoss",
    "ShareLoss",
    "TaylorCE",
    "TruncatedGCE",
    "Unhinged",
    "ZeroOne",
    "get",
    "register",
]
