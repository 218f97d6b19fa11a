"""What each loss is robust to: one claim for each kind of noise, the whole catalogue in its data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.risk.noise_models import BOUNDED_SO, NOT_SO
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.risk.robust_to import robust_to

OURS = "this project"

TABLE_CLASSES = 4
ORDER, ZERO, NEITHER = (
    "keeps the order of all risks",
    "keeps minimisers of zero risk, not the order of all risks",
    "keeps neither",
)
SYMMETRIC = (*BOUNDED_SO, *NOT_SO)
OTHERS = (
    *("cce", "mse", "gce", "sce", "focal", "agce", "aul", "phuber-ce", "phuber-gce"),
    *("js", "bi-tempered", "taylor-ce"),
)


@dataclass(frozen=True)
class RobustTable:
    """The statement "under this kind of noise each named loss keeps just that"."""

    noise: str
    says: dict[str, str]


def robust_table(claimed: RobustTable) -> Evidence:
    """Compare what `robust_to` finds for the whole catalogue with what is said of the losses named."""
    found = {name: robust_to(get(name), claimed.noise, TABLE_CLASSES) for name in LOSSES}
    data = {"table": {name: r.to_dict() for name, r in found.items()}}
    scope = f"{claimed.noise} noise, K = {TABLE_CLASSES}"
    groups: dict[str, list[str]] = {}
    for name, r in found.items():
        groups.setdefault(r.says, []).append(name)
    detail = "; ".join(f"{says}: {', '.join(names)}" for says, names in groups.items())
    wrong = {n: found[n].says for n, said in claimed.says.items() if found[n].says != said}
    if not wrong:
        return Evidence(Method.INTERVAL, Status.CERTIFIED, scope, detail, None, data)
    if "undecided" in wrong.values():
        return Evidence(Method.INTERVAL, Status.UNDECIDED, scope, detail, None, data)
    return Evidence(Method.INTERVAL, Status.REFUTED, scope, detail, wrong, data)


def _says(**groups: Iterable[str]) -> dict[str, str]:
    words = {"order": ORDER, "zero": ZERO, "neither": NEITHER}
    return {name: words[key] for key, names in groups.items() for name in names}


def _table_check(noise: str, right: dict[str, str], name: str, wrong: str, twin_says: str) -> Check:
    return Check(
        Method.INTERVAL,
        robust_table,
        RobustTable(noise, right),
        RobustTable(noise, {**right, name: wrong}),
        twin_says,
    )


CLAIMS = (
    Claim(
        "R2.table",
        "What each loss is robust to: uniform noise",
        "Below the threshold uniform noise keeps the order of all risks under the symmetric losses of the "
        "catalogue; under CCE, MSE, GCE, SCE, focal, AGCE, AUL, PHuber, JS, bi-tempered and Taylor-CE "
        "it keeps neither that order nor even minimisers of zero risk.",
        OURS,
        assumes=(f"K = {TABLE_CLASSES}",),
        checks=(
            _table_check(
                "uniform",
                _says(order=SYMMETRIC, neither=OTHERS),
                "gce",
                ORDER,
                "uniform noise keeps the order under GCE",
            ),
        ),
    ),
    Claim(
        "R4.table",
        "What each loss is robust to: class-conditional noise",
        "With $T_{ii} > T_{ij}$, minimisers of zero risk are kept under MAE, unhinged, RCE, 0-1, NNCE and NNFL, "
        "though not the order of all risks; under RLL, NMSE, NCE, NFL, NGCE, the pairs of NCE or NFL with MAE or RCE, "
        "and the losses named in R2.table that are not symmetric, neither is kept "
        "(NCE and NFL have no output of zero risk: there in the limit).",
        OURS,
        assumes=(f"K = {TABLE_CLASSES}",),
        checks=(
            _table_check(
                "class-conditional",
                _says(zero=BOUNDED_SO, neither=(*NOT_SO, *OTHERS)),
                "rll",
                ZERO,
                "RLL keeps minimisers of zero risk",
            ),
        ),
    ),
    Claim(
        "R4.pair",
        "What each loss is robust to: pair noise",
        "The same for pair noise of a rate below $\\frac12$.",
        OURS,
        assumes=(f"K = {TABLE_CLASSES}",),
        checks=(
            _table_check(
                "pair",
                _says(zero=BOUNDED_SO, neither=(*NOT_SO, *OTHERS)),
                "mae",
                ORDER,
                "pair noise keeps the order of all risks under MAE",
            ),
        ),
    ),
    Claim(
        "R5.table",
        "What each loss is robust to: instance-dependent noise",
        "With uniform noise of a rate $\\eta(x) \\leq \\eta_{\\max} < \\eta^*$, minimisers of zero risk are kept "
        "under every symmetric loss, though not the order of all risks; under the others of R2.table neither.",
        OURS,
        assumes=(f"K = {TABLE_CLASSES}",),
        checks=(
            _table_check(
                "instance-dependent",
                _says(zero=SYMMETRIC, neither=OTHERS),
                "mae",
                ORDER,
                "the order of all risks is kept under MAE",
            ),
        ),
    ),
)
