"""E11: under pair noise, does the bound of A3 decide who resists?

The margins are those of E6 and N5 and were fixed, with the losses and rates, before any network was trained:
a loss *resists* where J2 > J1 at the end (more altered samples are recovered than memorised), on the mean over
seeds with its interval, and where it learns: J2 on clean labels, and no class lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method
from lossmatters.proofs_checks.claims.training.training_rules import J1, J2, above, at, guard
from lossmatters.proofs_checks.fabricated import MEMORISES, RESISTS
from lossmatters.proofs_checks.methods.empirical import Condition, Rule, decide, lacking
from lossmatters.proofs_checks.methods.runs import MissingRecords, NotTried, Runs
from lossmatters.theory.losses import get
from lossmatters.theory.risk.vertex import vertex_verdict

RATES = (Fraction(1, 5), Fraction(2, 5))
LOSSES = tuple(
    get(name).spec
    for name in ("cce", "mse", "rll", "nmse", "gce", "phuber-ce", "mae", "agce", "aul", "ael", "taylor-ce")
)


def predicted(loss: str, rate: Fraction, num_classes: int = 10) -> bool | None:
    """Return whether the vertex of a certain clean label minimises the risk under pair noise; None if
    undecided.
    """
    posterior = [1 - rate, rate, *[Fraction(0)] * (num_classes - 2)]
    return vertex_verdict(get(loss), posterior, 0).optimal


def _cases(runs: Runs, kept: bool) -> list[tuple[str, Fraction]]:
    """Return the losses and rates of the records for which this is predicted."""
    there = {(r.loss, r.noise_rate) for r in runs.main}
    found = [(x, r) for x in LOSSES for r in RATES if (x, r) in there and predicted(x, r) is kept]
    if not found:
        raise MissingRecords(
            f"no run of a loss whose vertex is {'kept' if kept else 'lost'} under pair noise"
        )
    return found


def protected_resist(runs: Runs) -> list[Condition]:
    """List the conditions of E11.protected: where the vertex is kept, J2 > J1 at the end, and the loss learns."""
    conditions = []
    for loss, rate in _cases(runs, kept=True):
        lead = runs.paired((loss, rate, J2), (loss, rate, J1))
        conditions += [above(f"J2 - J1 of {get(loss).title} {at(rate)}", lead), *guard(runs, loss, [rate])]
    return list(dict.fromkeys(conditions))  # one control a loss, whatever the rates


def unprotected_memorise(runs: Runs) -> list[Condition]:
    """List the conditions of E11.unprotected: where the vertex is lost, J1 > J2 at the end."""
    return [
        above(f"J1 - J2 of {get(loss).title} {at(rate)}", runs.paired((loss, rate, J1), (loss, rate, J2)))
        for loss, rate in _cases(runs, kept=False)
    ]


def bound_decides(runs: Runs) -> list[Condition]:
    """List the conditions of E11: E11.protected and E11.unprotected together."""
    return protected_resist(runs) + unprotected_memorise(runs)


def apply(rule: Rule, records: Iterable[Record]) -> Evidence:
    """Decide by the rule; nothing is owed where nobody has trained under pair noise."""
    found = list(records)
    return decide(rule, found) if found else lacking("no records", NotTried("no run under pair noise"))


def _claim(id: str, title: str, statement: str, rule: Rule, twin: dict[str, str], twin_says: str) -> Claim:
    check = Check(
        Method.EMPIRICAL, apply, rule, (rule, _fabricated(twin)), twin_says, needs_records=True, noise="pair"
    )
    return Claim(id, title, statement, "this project", ("the set-up of the records",), (check,))


def _fabricated(behaviour: dict[str, str]) -> list[Record]:
    return fabricated.records(behaviour, kind="pair")


KEPT = dict.fromkeys(LOSSES, RESISTS)
CLAIMS = (
    _claim(
        "E11",
        "Under pair noise the bound decides who resists",
        "Where class $c$ becomes $c + 1$ at rate $\\eta = 0.2$ or $0.4$, training ends with $J_2 > J_1$ for "
        "losses whose vertex $e_c$ minimises $(1-\\eta)L(u, c) + \\eta L(u, c+1)$ (A3), and with $J_1 > J_2$ "
        "for those where it does not.",
        bound_decides,
        {**KEPT, "mae": MEMORISES},
        "in fabricated records every loss but MAE resists",
    ),
    _claim(
        "E11.protected",
        "Under pair noise a loss whose clean vertex stays optimal resists",
        "Where class $c$ becomes $c + 1$ at rate $0.2$ or $0.4$ and $e_c$ minimises "
        "$(1-\\eta)L(u, c) + \\eta L(u, c+1)$ (A3), training ends with $J_2 > J_1$.",
        protected_resist,
        {**KEPT, "mae": MEMORISES},
        "in fabricated records MAE memorises",
    ),
    _claim(
        "E11.unprotected",
        "Under pair noise a loss whose clean vertex is no longer optimal memorises",
        "Where class $c$ becomes $c + 1$ at rate $0.2$ or $0.4$ and some output has less noisy risk than "
        "$e_c$ (A3), training ends with $J_1 > J_2$.",
        unprotected_memorise,
        {**KEPT, "cce": MEMORISES},
        "in fabricated records RLL resists",
    ),
)
