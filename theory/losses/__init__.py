"""The losses of the catalogue, what they are made of, and how to name them."""

from theory.losses.base import CallableLoss, Loss, SeparableLoss
from theory.losses.cce import CCE
from theory.losses.combinators import Combination, Normalized, SeparableCombination, ShareLoss
from theory.losses.focal import Focal
from theory.losses.gce import GCE
from theory.losses.linear import RCE, Unhinged
from theory.losses.mae import MAE
from theory.losses.mse import MSE
from theory.losses.normalized import NCE, NFL, NGCE, NMSE
from theory.losses.registry import LOSSES, LossFileError, get, register
from theory.losses.rll import RLL
from theory.losses.sce import SCE
from theory.losses.zero_one import ZeroOne

__all__ = [
    "CCE",
    "GCE",
    "LOSSES",
    "MAE",
    "MSE",
    "NCE",
    "NFL",
    "NGCE",
    "NMSE",
    "RCE",
    "RLL",
    "SCE",
    "CallableLoss",
    "Combination",
    "Focal",
    "Loss",
    "LossFileError",
    "Normalized",
    "SeparableCombination",
    "SeparableLoss",
    "ShareLoss",
    "Unhinged",
    "ZeroOne",
    "get",
    "register",
]
