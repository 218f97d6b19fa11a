"""Tables as data, and the same table as Markdown and as HTML.

Cells are prose: LaTeX between dollar signs stays as it is in Markdown and becomes MathML in HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lossmatters.empirics.records import Record
from lossmatters.paper.ahead import Question, answer
from lossmatters.paper.mathml import MATH, prose
from lossmatters.paper.names import METRICS, loss_name, rate_name
from lossmatters.paper.statistics import (
    LEVEL,
    Cell,
    Estimate,
    count_text,
    grid,
    known_first,
    losses_of,
    rates_of,
)
from lossmatters.theory.catalogue import own_names
from lossmatters.theory.losses import LOSSES, Loss

NONE = "\N{EN DASH}"  # shown where a value does not exist


@dataclass(frozen=True)
class Table:
    """A table: its caption, its header, and rows in titled groups (one group without a title, or several).

    Attributes
    ----------
    numeric : indices of the columns that hold numbers.
    """

    caption: str
    header: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    numeric: frozenset[int] = frozenset()

    def to_markdown(self) -> str:
        """Return the table with its caption above; a group's title stands in a row of its own."""
        line = ("---:" if i in self.numeric else "---" for i in range(len(self.header)))
        lines = [self.caption, "", _markdown_row(self.header), f"|{'|'.join(line)}|"]
        for title, rows in self.groups:
            if title:
                lines.append(_markdown_row((f"**{title}**", *[""] * (len(self.header) - 1))))
            lines += map(_markdown_row, rows)
        return "\n".join(lines) + "\n"

    def to_html(self) -> Markup:
        """Return a ``<table>`` with header cells for columns, rows and groups."""
        number = Markup(' class="number"')
        kinds = [number if i in self.numeric else Markup("") for i in range(len(self.header))]
        head = Markup("").join(
            Markup('<th scope="col"{}>{}</th>').format(kind, prose(text))
            for kind, text in zip(kinds, self.header, strict=True)
        )
        out = Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead>").format(
            prose(self.caption), head
        )
        for title, rows in self.groups:
            out += Markup("<tbody>")
            if title:
                template = Markup('<tr class="group"><th scope="rowgroup" colspan="{}">{}</th></tr>')
                out += template.format(len(self.header), prose(title))
            for first, *rest in rows:
                cells = Markup("").join(
                    Markup("<td{}>{}</td>").format(kind, prose(text))
                    for kind, text in zip(kinds[1:], rest, strict=True)
                )
                out += Markup('<tr><th scope="row">{}</th>{}</tr>').format(prose(first), cells)
            out += Markup("</tbody>")
        return out + Markup("</table>")


def _markdown_row(cells: Sequence[str]) -> str:
    # A bar would end the cell: \vert inside mathematics, an escaped bar outside.
    parts = (
        "".join(
            f"${p.replace('|', chr(92) + 'vert ')}$" if i % 2 else p.replace("|", r"\|")
            for i, p in enumerate(re.split(MATH, cell))
        )
        for cell in cells
    )
    return f"| {' | '.join(parts)} |"


def percent(estimate: Estimate | None) -> str:
    """Return a share in percent: "95.1 ± 0.9" (half the width of the interval), "95.1" where n = 1.

    "99.8 ± 0.4*" where the interval reaches beyond 0 or 100, which no share does.
    """
    if estimate is None:
        return NONE
    if not estimate.has_interval:
        return f"{100 * estimate.mean:.1f}"
    beyond = "*" if estimate.low < 0 or estimate.high > 1 else ""
    return f"{100 * estimate.mean:.1f} ± {50 * (estimate.high - estimate.low):.1f}{beyond}"


def results_table(records: Sequence[Record]) -> Table:
    """Return final values and the best-epoch baseline, by noise rate and loss, for records of one set-up.

    Raises
    ------
    ValueError : records of several set-ups.
    """
    cells = grid(records)
    symbols = [_symbol(metric) for metric in METRICS]
    header = ("loss", "n", *symbols[:2], "$J_2$ at best epoch", "best epoch", *symbols[2:])
    groups = tuple(
        (rate_name(rate), tuple(_result(cells[x, rate]) for x in losses_of(cells) if (x, rate) in cells))
        for rate in rates_of(cells)
    )
    caption = (
        f"Values in percent after the last epoch: mean over seeds ± half the width of the {100 * LEVEL:.0f}% "
        f"Student t interval (*: cut off at 0 or 100), {count_text(cells)}. The best epoch is that of the "
        "largest $J_2$ of each run, found with the clean labels: an oracle, the baseline of early stopping."
    )
    return Table(caption, header, groups, frozenset(range(1, len(header))))


def comparison_table(groups: Mapping[str, Sequence[Record]]) -> Table:
    """Return the final $J_1$ and $J_2$ of each loss side by side, a column for each set-up.

    Parameters
    ----------
    groups : mapping of str to sequence of Record
        Records by the name of their set-up, one set-up each.

    Raises
    ------
    ValueError : records of several set-ups under one name.
    """
    cells = {name: grid(records) for name, records in groups.items()}
    rates = sorted({rate for found in cells.values() for rate in rates_of(found)}, key=known_first)
    losses = list(dict.fromkeys(loss for found in cells.values() for loss in losses_of(found)))
    rows = []
    for rate in rates:
        here = [loss for loss in losses if any((loss, rate) in found for found in cells.values())]
        shown = [
            (loss_name(loss), *(_pair(found.get((loss, rate))) for found in cells.values())) for loss in here
        ]
        rows.append((rate_name(rate), tuple(shown)))
    names = [
        f"{name}: {part[0].dataset['name'].partition('(')[0]}, {part[0].model['name']}"
        for name, part in groups.items()
    ]
    caption = (
        "$J_1$ / $J_2$ in percent after the last epoch, mean over seeds. $J_1$ above $J_2$: "
        "the loss ends by memorising more than it recovers."
    )
    return Table(caption, ("loss", *names), tuple(rows), frozenset(range(1, len(names) + 1)))


def _pair(cell: Cell | None) -> str:
    if cell is None:
        return NONE
    first, second = (cell.final(name) for name in ("noisy_train_accuracy", "clean_train_accuracy"))
    return NONE if first is None or second is None else f"{100 * first.mean:.1f} / {100 * second.mean:.1f}"


def _symbol(metric: str) -> str:
    return METRICS[metric].symbol


def _result(cell: Cell) -> tuple[str, ...]:
    finals = [percent(cell.final(metric)) for metric in METRICS]
    epoch = f"{cell.best_epochs().mean():.0f}"
    return (loss_name(cell.loss), str(cell.n), *finals[:2], percent(cell.best()), epoch, *finals[2:])


def loss_table(losses: Sequence[Loss] | None = None) -> Table:
    """Return every loss of the catalogue (or those given) with what is decided of its label sum, for all K.

    The verdicts are computed on the spot by `lossmatters.theory.symmetry.decide` and
    `lossmatters.theory.symmetry.label_sum_range`, not read from what the classes declare.
    """
    verdict = ("symmetric?", "scope", "$C$", "range of $S(u)$", "tolerates $\\eta$ up to", "bounded?")
    header = ("loss", "$L(u, y)$", "parameters", *verdict, "source")
    caption = (
        "The losses. $S(u)$ is the sum of the loss over all labels; a loss is symmetric where it is a "
        "constant $C$. It tolerates uniform noise as long as the vertex of a certain clean label "
        "minimises the noisy risk. Verdicts and ranges are computed from the formulas, for every $K$ "
        "at once where the scope says so."
    )
    if losses is not None:
        rows = tuple(map(_loss_row, losses))
    else:
        own = own_names()
        rows = tuple(
            tuple(answer(Question(_named_row, (name,)))) if name in own else _loss_row(LOSSES[name]())
            for name in LOSSES
        )
    return Table(caption, header, (("", rows),))


def loss_table_asks() -> list[Question]:
    """Return what `loss_table` needs computed, to be begun ahead."""
    return [Question(_named_row, (name,)) for name in own_names()]


def _named_row(name: str) -> tuple[str, ...]:
    return _loss_row(LOSSES[name]())


def _loss_row(loss: Loss) -> tuple[str, ...]:
    from lossmatters.theory.symmetry.decide import decide
    from lossmatters.theory.symmetry.label_sum_range import label_sum_range

    verdict, span = decide(loss), label_sum_range(loss)
    word = {"proved": "yes (proved)", "refuted": "no (refuted)"}.get(verdict.status, verdict.status)
    ends = f"${_latex(span.low)}$ to ${_latex(span.high)}$" if verdict.constant is None else NONE  # C says it
    parameters = ", ".join(f"{k} = {v}" for k, v in loss.parameters.items())
    return (
        loss.title or loss.spec,
        f"${loss.latex}$" if loss.latex else NONE,
        parameters or NONE,
        word,
        verdict.scope.text("\N{GREATER-THAN OR EQUAL TO}"),
        NONE if verdict.constant is None else f"${_constant(verdict.constant)}$",
        ends if span.rigorous or verdict.constant is not None else f"{ends} (sampled)",
        _tolerance(loss),
        {True: "yes", False: "no", None: "not declared"}[loss.bounded],
        loss.source or NONE,
    )


def _tolerance(loss: Loss) -> str:
    """Return the noise tolerance (A2) for every K, or where that is open at K = 10."""
    from lossmatters.theory.risk.tolerance import noise_tolerance

    general, ten = noise_tolerance(loss), noise_tolerance(loss, 10)
    if general.rate is not None:
        return f"${_latex(general.rate)}$"
    if ten.rate is not None:
        return f"${_latex(ten.rate)}$ ($K = 10$)"
    return "undecided" if ten.status == "undecided" else NONE


def _constant(constant: object) -> str:
    """Return a constant as LaTeX: a closed form, or a list by K as text."""
    from lossmatters.theory.verdict import BySize

    return rf"\text{{{constant}}}" if isinstance(constant, BySize) else _latex(constant)


def _latex(expression: object) -> str:
    import sympy

    return str(sympy.latex(expression, ln_notation=False))
