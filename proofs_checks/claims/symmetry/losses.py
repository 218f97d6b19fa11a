"""The table of losses: for each, is it symmetric, with which C, over which range of S, how large."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Method
from lossmatters.proofs_checks.claims.symmetry.loss_checks import (
    Maximum,
    SquareOfLabel,
    maximum,
    symmetry_for_all_parameters,
)
from lossmatters.proofs_checks.methods.verdicts import Range, Symmetric, label_sum, symmetry
from lossmatters.theory.losses import Loss, get
from lossmatters.theory.symbolic.algebra import K


@dataclass(frozen=True)
class Row:
    """One row of the table of losses, as the reference states it (SymPy texts in K)."""

    name: str
    constant: str | None
    low: str
    high: str
    largest: str
    says: str


JOINT = "(10**(-10/3))"  # where the slope of GCE(7/10) is -10


def _js(u: str) -> str:
    """Return JS(7/10) at the label's probability u, by its two divergences: KL(e_y, m), and KL(u, m), m_y =
    7/10 + 3/10 u.
    """
    m = f"(7/10 + 3/10*({u}))"
    own, other = f"(-log({m}))", f"(({u})*log(({u})/{m}) - (1 - ({u}))*log(3/10))"
    return f"((7/10*{own} + 3/10*{other})/(-3/10*log(3/10)))"


ROWS = (
    Row("cce", None, "K*log(K)", "oo", "oo", "unbounded, not symmetric"),
    Row("mse", None, "K - 1", "2*K - 2", "2", "not symmetric, $S = K\\sum_i u_i^2 + K - 2$"),
    Row("rll", "K*log(11)", "K*log(11)", "K*log(11)", "log(11) + log(1 + 10/(K - 1))", "symmetric"),
    Row("nmse", "1", "1", "1", "K/(K**2 - 2*K + 2)", "symmetric, though normalised from a loss that is not"),
    Row("mae", "2*(K - 1)", "2*(K - 1)", "2*(K - 1)", "2", "symmetric"),
    Row(
        "zero-one", "K - 1", "K - 1", "K - 1", "1", "symmetric, ties included when they are broken at random"
    ),
    Row("unhinged", "K - 1", "K - 1", "K - 1", "1", "symmetric"),
    Row("rce", "4*(K - 1)", "4*(K - 1)", "4*(K - 1)", "4", "symmetric"),
    Row(
        "gce", None, "(K - K**(3/10))*10/7", "(K - 1)*10/7", "10/7", "not symmetric, but of bounded label sum"
    ),
    Row("sce", None, "K*log(K)/10 + 4*(K - 1)", "oo", "oo", "not symmetric, whatever its name says"),
    Row("focal", None, "(K - 1)**2*log(K)/K", "oo", "oo", "not symmetric"),
    Row("nce", "1", "1", "1", "1", "symmetric wherever $S$ is finite and positive"),
    Row("nfl", "1", "1", "1", "1", "symmetric wherever $S$ is finite and positive"),
    Row("ngce", "1", "1", "1", "1/(K - (K - 1)**(3/10))", "symmetric"),
    Row(
        "truncated-gce",
        None,
        "(K - 1)*(1 - (1/2)**(7/10))*10/7",
        "K*(1 - (1/2)**(7/10))*10/7",
        "(1 - (1/2)**(7/10))*10/7",
        "not symmetric; $S$ is largest where no $u_i$ exceeds $k = \\frac12$ and smallest at the vertices",
    ),
    Row("nce-mae", "2*K - 1", "2*K - 1", "2*K - 1", "3", "symmetric wherever NCE is"),
    Row("nce-rce", "4*K - 3", "4*K - 3", "4*K - 3", "5", "symmetric wherever NCE is"),
    Row("nfl-mae", "2*K - 1", "2*K - 1", "2*K - 1", "3", "symmetric wherever NFL is"),
    Row("nfl-rce", "4*K - 3", "4*K - 3", "4*K - 3", "5", "symmetric wherever NFL is"),
    Row("nnce", "K - 1", "K - 1", "K - 1", "1", "symmetric, one minus a share"),
    Row("nnfl", "K - 1", "K - 1", "K - 1", "1", "symmetric, one minus a share"),
    Row(
        "agce",
        None,
        "K*((8/5)**(3/5) - (3/5 + 1/K)**(3/5))*5/3",
        "(K - 1)*((8/5)**(3/5) - (3/5)**(3/5))*5/3",
        "((8/5)**(3/5) - (3/5)**(3/5))*5/3",
        "not symmetric, but of bounded label sum",
    ),
    Row(
        "aul",
        None,
        "K*((11/2 - 1/K)**3 - (9/2)**3)/3",
        "(K - 1)*301/12",
        "301/12",
        "not symmetric, but of bounded label sum",
    ),
    Row(
        "ael",
        None,
        "K*exp(-2/(5*K))",
        "exp(-2/5) + K - 1",
        "1",
        "not symmetric, but of bounded label sum, and nowhere 0",
    ),
    Row("amse", None, "100 - 19/K", "101 - 20/K", "101/K", "not symmetric, $S = a^2 - 2a/K + \\sum_i u_i^2$"),
    Row(
        "phuber-ce",
        None,
        "K*(Max(0, 1 - 10/K) - log(Max(1/10, 1/K)))",
        "(K - 1)*(1 + log(10))",
        "1 + log(10)",
        "not symmetric, but of bounded label sum, unlike CCE",
    ),
    Row(
        "phuber-gce",
        None,
        f"K*(10*Max(0, {JOINT} - 1/K) + (1 - Max({JOINT}, 1/K)**(7/10))*10/7)",
        f"(K - 1)*(10*{JOINT} + (1 - {JOINT}**(7/10))*10/7)",
        f"10*{JOINT} + (1 - {JOINT}**(7/10))*10/7",
        "not symmetric, but of bounded label sum",
    ),
    Row(
        "bi-tempered",
        None,
        "(K - K**(4/5))*25/6",
        "5*(K - 1)",
        "5",
        "not symmetric, but of bounded label sum (the tempered divergence of softmax outputs)",
    ),
    Row(
        "taylor-ce",
        None,
        "K*((1 - 1/K) + (1 - 1/K)**2/2)",
        "(K - 1)*3/2",
        "3/2",
        "not symmetric, but of bounded label sum",
    ),
    Row(
        "js",
        None,
        f"K*{_js('1/K')}",
        "(K - 1)*(1 - (7*log(7/10))/(-3*log(3/10)))",
        "1 - (7*log(7/10))/(-3*log(3/10))",
        "not symmetric, but of bounded label sum",
    ),
    Row("logit-unhinged", "0", "0", "0", "oo", "symmetric and linear in the logits, unbounded on both sides"),
    Row(
        "shifted-ce",
        None,
        "K*log((11/10)/(1/10 + 1/K))",
        "(K - 1)*log(11)",
        "log(11)",
        "not symmetric, but of bounded label sum",
    ),
    Row(
        "sgce",
        "10*(K - 1)/7",
        "10*(K - 1)/7",
        "10*(K - 1)/7",
        "(K - 1 + (K - 1)**(3/10))*10/(7*K)",
        "symmetric, the part of GCE that sees the label",
    ),
    Row(
        "ldr-kl",
        None,
        "10*K*log((1 + (K - 1)*exp(1/100))/K)",
        "oo",
        "oo",
        "unbounded, not symmetric for any $\\lambda < \\infty$",
    ),
    Row(
        "mae-star",
        None,
        "K*(K - 1)/(K + 8)",
        "K - 1",
        "1",
        "not symmetric for $c > 1$, but of bounded label sum",
    ),
    Row(
        "epsilon-ce",
        None,
        "K*(log(100001) + log(K)) - log(1 + 100000*K)",
        "oo",
        "oo",
        "unbounded, not symmetric, though $S$ has none of its jumps",
    ),
    Row(
        "label-smoothing", None, "K*log(K)", "oo", "oo", "unbounded, not symmetric, with the label sum of CCE"
    ),
    Row(
        "nce-agce",
        None,
        "1 + (K - 1)*(7**(3/2) - 6**(3/2))*8/3",
        "1 + K*(7**(3/2) - (6 + 1/K)**(3/2))*8/3",
        "1 + (7**(3/2) - 6**(3/2))*8/3",
        "not symmetric, as AGCE is not",
    ),
    Row(
        "nce-aul",
        None,
        "1 + K*((63/10 - 1/K)**(3/2) - (53/10)**(3/2))*8/3",
        "1 + (K - 1)*((63/10)**(3/2) - (53/10)**(3/2))*8/3",
        "1 + ((63/10)**(3/2) - (53/10)**(3/2))*8/3",
        "not symmetric, as AUL is not",
    ),
    Row(
        "nce-ael",
        None,
        "1 + 4*K*exp(-1/(5*K))",
        "1 + 4*(exp(-1/5) + K - 1)",
        "5",
        "not symmetric, as AEL is not",
    ),
    Row("nce-amse", None, "101 - 19/K", "102 - 20/K", "1 + 101/K", "not symmetric, as AMSE is not"),
    Row("nce-nnce", "5*K", "5*K", "5*K", "10", "symmetric wherever NCE is"),
)

ALL_PARAMETERS = {"rll": "K*log((alpha + 1)/alpha)", "rce": "A*(K - 1)"}


def _spoiled(loss: Loss) -> Loss:
    """Return the loss plus 10^-9 u_y^2, which no tolerance would tell from it."""
    return loss + 1e-9 * SquareOfLabel()


def _claim(row: Row) -> Claim:
    loss = get(row.name)
    if row.constant is None:
        twin, twin_says = Symmetric(loss, "K"), f"{loss.title} is symmetric"
    else:
        twin, twin_says = (
            Symmetric(_spoiled(loss), row.constant),
            f"{loss.title} + 10^-9 u_y^2 is symmetric too",
        )
    checks = [
        Check(
            Method.SYMBOLIC if row.constant else Method.EXACT,
            symmetry,
            Symmetric(loss, row.constant),
            twin,
            twin_says,
        )
    ]
    if row.name in ALL_PARAMETERS:
        constant = ALL_PARAMETERS[row.name]
        checks.append(
            Check(
                Method.SYMBOLIC,
                symmetry_for_all_parameters,
                Symmetric(loss, constant),
                Symmetric(loss, f"{constant} + 1"),
                f"C = {constant} + 1",
            )
        )
    wrong_end = "K" if row.high == "oo" else f"{row.high} + 1"
    checks.append(
        Check(
            Method.SYMBOLIC,
            label_sum,
            Range(loss, row.low, row.high),
            Range(loss, row.low, wrong_end),
            f"S is at most {wrong_end}",
        )
    )
    wrong_largest = "K" if row.largest == "oo" else f"{row.largest} + 1/1000"
    checks.append(
        Check(
            Method.SYMBOLIC,
            maximum,
            Maximum(loss, row.largest),
            Maximum(loss, wrong_largest),
            f"the largest loss is {wrong_largest}",
        )
    )
    constant = (
        f", with $C = {sympy.latex(sympy.sympify(row.constant, locals={'K': K}))}$" if row.constant else ""
    )
    return Claim(
        f"L.{row.name}",
        f"The loss {loss.title}",
        f"{loss.title}, $L(u,y) = {loss.latex}$, is {row.says}{constant}"
        + (
            f" (at its defaults: {', '.join(f'{k} = {v}' for k, v in loss.parameters.items())})."
            if loss.parameters
            else "."
        ),
        loss.source,
        checks=tuple(checks),
    )


CLAIMS = tuple(_claim(row) for row in ROWS)
