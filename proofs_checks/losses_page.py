"""The page of the catalogue, docs/losses.md: what theory and kept records say of each loss, made from code.

    python -m lossmatters.proofs_checks.losses_page [--records paper/records] [--write docs/losses.md]

It takes some minutes: each loss is decided, and its memorization predicted by D4 for the digits records.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from statistics import fmean
from typing import Any

from lossmatters.empirics.records import Record, read_records
from lossmatters.proofs_checks.claims.dynamics.mean_field import fit_to
from lossmatters.proofs_checks.losses_pictures import picture
from lossmatters.theory.catalogue import own_names
from lossmatters.theory.dynamics import memorization_path, memorization_time
from lossmatters.theory.files import write_whole
from lossmatters.theory.losses import Loss, get
from lossmatters.theory.minimisers.calibration import calibration
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.symmetry import decide
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.loss_maximum import loss_maximum

K, RATE = 10, Fraction(2, 5)
PREDICTED_FOR = "digits"
M = "memorization_rate"

HEAD = """# Losses

The catalogue: what theory and kept records say of each loss, at its default parameters. Made from code, as
a test checks; to make it again:

    python -m lossmatters.proofs_checks.losses_page --write docs/losses.md

`lossmatters certify LOSS` gives the reasons, for other parameters and other numbers of classes too; a
figure of all losses is in the gallery of the site and in `lossmatters figures`.
"""

THEORY = """
## What is known

$K = 10$. *Symmetric*: is the label sum $S$ constant, and if so $C$ for every $K$. $\\eta_L$: the largest
uniform noise rate at which a certain label's vertex minimises the noisy risk (A2). *Calibrated* (N3): does
the conditional risk find the likeliest class? $T_{mem}$ (D2): how long gradient flow on free logits takes
to memorise an altered label at $\\eta = 0.4$, in units of one over the step size. What only a search or
nothing supports says so.
"""

MEASURED = """
## What is memorised

The final memorization rate $M$ (the share of altered labels that the network gives) at $\\eta = 0.4$:
predicted by the mean-field model D4, and measured (mean over seeds, their number in brackets). The model is
fitted to CCE on the digits records, so its CCE is no prediction, and its normaliser was chosen on those
same records (`theory/dynamics/mean_field.py`); [statements](statements.md) has what the records say of it
(D4). Where nothing was measured a prediction is no more than that. And a small $M$ alone is no merit: a
network that learns nothing memorises nothing ([results](results.md) has J1 and J2 beside it).
"""

CHOOSE = """
## How to choose

- **No noise**: nothing here favours a robust loss. CCE is calibrated and fits fastest; losses that are
  bounded train slower where many classes make $u_y$ small (MAE most of all, which MAE* and GCE mend in
  part).
- **Uniform noise, its rate unknown**: a loss of large $\\eta_L$. Symmetric losses have the largest,
  $(K-1)/K$, and keep the order of all risks (R1). That is a statement about risks: that a network does not
  memorise is what the records show on the set-ups in the table above, and no theorem.
- **Symmetric is not enough**: NCE and NFL are symmetric, but not calibrated for $K \\geq 3$, and memorise.
  With a second term that is least at the label's vertex (NCE+MAE, NCE+RCE) they are calibrated, and the
  table has what they memorised.
- **Which alpha of RLL**: symmetric for each; on the records between 1/100 and 1 it matters little
  (E10.alpha).
- **Which A of RCE**: it is a factor on MAE and no more, so it changes the step size and nothing else.
- **Which q of GCE**: $q = 1$ is half of MAE; any $q < 1$ has $\\eta_L = 0$. The default resists at 0.4 in
  the records, where its $T_{mem}$ is long, which is not tolerance.
- **Parameters of asymmetric losses** (AGCE, AUL, AEL, PHuber-CE, shifted CE, Taylor-CE): $\\eta_L =
  (K-1)/(K-1+\\rho)$ with $\\rho$ the ratio of the slopes at 0 and 1 says how much noise a choice tolerates;
  `lossmatters certify` prints it.
- **Noise that depends on the class**: symmetry alone does not suffice (R4 has the condition); a known
  matrix can be corrected for (`Corrected`, R9).
- **Beside the loss**: early-stopped CCE is a strong baseline (N6); a noisy validation set ranks models as a
  clean one does under uniform noise (`lossmatters validate`, V1).
"""

OUTSIDE = """
## What is not here, and why

A loss here is a function $L(u, y)$ of one output and its label. These are not:

- **NLNL** (negative learning, Kim et al., ICCV 2019): it draws complementary labels at random in three
  stages, so its loss of a sample is a random variable and depends on the epoch. Needed: losses with an
  explicit random generator and a schedule; the mean of its first stage over complementary labels is a
  function of $u$ and $y$ and could be one today.
- **Peer loss** (Liu & Guo, ICML 2020): it subtracts the loss of a *random other pair* of output and label,
  so it belongs to a batch. Needed: losses of a batch, and risks of pairs of samples.
- **L_DMI** (Xu et al., NeurIPS 2019): minus the log-determinant of a matrix summed over a batch, no sum
  over samples. Needed: losses of a batch.
- **GJS with augmentation** (Englesson & Azizpour, NeurIPS 2021): a divergence between the outputs of two
  augmented views. Needed: losses of several outputs of one sample; with one view it is JS, which is here.
- **OGC** (optimised gradient clipping, Ye et al., AAAI 2025): it clips the gradient of a loss at a bound
  chosen anew during training from a model of the sample's losses. Needed: losses with a state that training
  updates.
"""


PICTURES = """
## One by one

In the pictures $K = 10$, and the classes beside the label $y$ share the rest evenly. Blue: $L(u, y)$
against $u_y$; orange: its mean over all labels, $S(u)/K$, which is flat for a symmetric loss; the dashes
are the uniform output and the grey line is 0. Each has its own scale.
"""


def document(records: Sequence[Record], names: Sequence[str] | None = None) -> str:
    """Return the page in Markdown, of the package's own losses or of those named."""
    losses = [get(name) for name in (own_names() if names is None else names)]
    measured = measurements(records)
    theory = [[f"[{loss.title}](#{anchor(loss)})", *known(loss)] for loss in losses]
    heads = ["loss", "symmetric", "$S$ lies in", "$\\eta_L$", "bounded", "calibrated", "$T_{mem}$"]
    predicted = predictions(records, losses)
    columns = sorted({setup for finals in measured.values() for setup in finals})
    rows = [
        [
            loss.title,
            predicted.get(loss.spec, ""),
            *(measured.get(loss.spec, {}).get(column, "") for column in columns),
        ]
        for loss in losses
    ]
    shown = [THEORY, _table(heads, theory), MEASURED]
    shown += [_table(["loss", f"predicted, {PREDICTED_FOR}", *columns], rows), CHOOSE, PICTURES]
    return "\n".join([HEAD, *shown, *map(entry, losses), OUTSIDE]).replace("\n\n\n", "\n\n")


def anchor(loss: Loss) -> str:
    """Return the place of a loss on the page."""
    return f"loss-{loss.name}"


def entry(loss: Loss) -> str:
    """Return what a loss is: formula, parameters with defaults, source."""
    values = ", ".join(f"{key} = {value}" for key, value in loss.parameters.items())
    lines = [f"({anchor(loss)})=", f"### {loss.title}", "", f"$$L(u, y) = {loss.latex}$$", ""]
    lines += [f"![{loss.title} and its mean over all labels](images/losses/{loss.name}.svg)", ""]
    lines.append(f"- Name: `{loss.name}`; defaults: {values or 'it has no parameters'}.")
    lines.append(f"- {(type(loss).__doc__ or '').strip().splitlines()[0]}")
    return "\n".join([*lines, f"- Source: {loss.source}.", ""])


def known(loss: Loss) -> list[str]:
    """Return the cells of a loss in the table of what is known."""
    verdict, span, largest = decide(loss), label_sum_range(loss, K), loss_maximum(loss, K)
    tolerance, time = noise_tolerance(loss, K), memorization_time(loss, K, RATE)
    symmetric = "no" if verdict.status.fails else str(verdict.status)
    if verdict.status.holds:
        symmetric = f"yes, $C = {_latex(verdict.constant)}$"
    rate = "none" if tolerance.clean_vertex is False else "undecided"
    if tolerance.value is not None:
        rate = f"{tolerance.value:.3g}" + ("" if tolerance.status == "proved" else f" ({tolerance.status})")
    bounded = "undecided" if largest.value is None else "yes" if largest.value.is_finite else "no"
    found = calibration(loss, K).status
    calibrated = {"proved": "yes", "certified": "yes (certified)", "refuted": "no"}.get(
        str(found), str(found)
    )
    how = "infinite" if math.isinf(time.value) else f"{time.value:.3g}"
    return [
        symmetric,
        f"{_number(span.low)}" if span.low == span.high else f"{_number(span.low)} to {_number(span.high)}",
        rate,
        bounded,
        "open: a search found nothing against it" if calibrated == "sampled" else calibrated,
        how if time.decided else "undecided",
    ]


def measurements(records: Iterable[Record]) -> dict[str, dict[str, str]]:
    """Return the mean final M at `RATE`, by loss and set-up, of cold runs of main set-ups; how many."""
    finals: dict[str, dict[str, list[float]]] = {}
    for record in records:
        plain = record.start is None and record.variant is None and record.noise.get("kind") == "symmetric"
        value = record.final[M] if plain and record.noise_rate == RATE else None
        if value is not None:
            setup = f"{record.dataset['name'].split('(')[0]}, {record.model['name']}"
            finals.setdefault(record.loss, {}).setdefault(setup, []).append(value)
    return {
        loss: {setup: f"{fmean(values):.2f} ({len(values)})" for setup, values in setups.items()}
        for loss, setups in finals.items()
    }


def predictions(records: Iterable[Record], losses: Iterable[Loss]) -> dict[str, str]:
    """Return the final M that D4 predicts for the digits records, by loss; none without those."""
    kept = [
        r
        for r in records
        if r.dataset["name"] == PREDICTED_FOR and r.noise.get("kind") == "symmetric" and r.noise_rate == RATE
    ]
    if not kept:
        return {}
    setup, parameters = fit_to(kept)
    found = {}
    for loss in losses:
        if loss.differentiable:
            final = memorization_path(loss, setup, parameters).memorization_rate[-1]
            found[loss.spec] = f"{final:.2f}" + (", fitted" if loss.name == "cce" else "")
    return found


def _latex(expression: Any) -> str:
    import sympy

    return str(sympy.latex(expression)) if isinstance(expression, sympy.Basic) else str(expression)


def _number(value: Any) -> str:
    number = float(value)
    if math.isinf(number):
        return "$\\infty$" if number > 0 else "$-\\infty$"
    return f"{number:.4g}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> int:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description="The page of the catalogue of losses.")
    parser.add_argument("--records", type=Path, default=Path("paper/records"), help="kept records")
    parser.add_argument("--write", type=Path, help="the page")
    given = parser.parse_args()
    text = document(list(read_records(given.records)))
    if given.write:
        write_whole(given.write, text)
        for name in own_names():
            write_whole(given.write.parent / "images" / "losses" / f"{name}.svg", picture(get(name)))
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
