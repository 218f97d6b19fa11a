"""Prose with LaTeX between dollar signs, as LaTeX: what stands outside the dollars is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossmatters.paper.mathml import MATH
from lossmatters.paper.tables import Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\u00b1": r"$\pm$",
    "\u2265": r"$\geq$",
    "\u2264": r"$\leq$",
    "\u2260": r"$\neq$",
    "\u2013": "--",
    "\u2212": "$-$",
    "\u03b1": r"$\alpha$",
    "\u03b2": r"$\beta$",
    "\u03b3": r"$\gamma$",
    "\u03b5": r"$\varepsilon$",
    "\u03b7": r"$\eta$",
    "\u03c1": r"$\rho$",
    "\u03c3": r"$\sigma$",
    "\u03c4": r"$\tau$",
    "\u2026": r"\dots{}",
    "\u00e9": r"\'e",
    "\u00f6": r"\"o",
}
# Macros that are no standard LaTeX, and commands that a statement has no use for.
MACROS = ((r"\argmax", r"\operatorname{arg\,max}"), (r"\argmin", r"\operatorname{arg\,min}"))
HARMFUL = re.compile(
    r"\\(input|include|write|openout|openin|read|def|edef|gdef|let|csname|catcode|special|immediate)(?![a-zA-Z])"
)


def escaped(text: str) -> str:
    r"""Return plain text as LaTeX; a sign that is not known is shown as a question mark.

    >>> escaped("a_b & 5%")
    'a\\_b \\& 5\\%'
    """
    return "".join(SPECIAL.get(c, c if c.isascii() and (c.isprintable() or c == "\n") else "?") for c in text)


def prose(text: str) -> str:
    """Return prose whose ``$...$`` parts are mathematics as LaTeX.

    Mathematics that could read or write a file is shown as text: a ledger may come from anybody.
    """
    parts = []
    for i, part in enumerate(re.split(MATH, text)):
        if i % 2 == 0:
            parts.append(escaped(part))
        elif HARMFUL.search(part) or part.count("{") != part.count("}"):
            parts.append(escaped(f"${part}$"))
        else:
            for short, long in MACROS:
                part = part.replace(short, long)
            parts.append(f"${part}$")
    return "".join(parts)


def tabular(table: Table, columns: Sequence[int] | None = None) -> str:
    """Return a table as a booktabs ``tabular``, without its caption; of `columns` only, if given."""
    chosen = range(len(table.header)) if columns is None else columns
    kinds = "".join("r" if i in table.numeric else "l" for i in chosen)
    lines = [rf"\begin{{tabular}}{{@{{}}{kinds}@{{}}}}", r"\toprule"]
    lines += [_row([table.header[i] for i in chosen]), r"\midrule"]
    for place, (title, rows) in enumerate(table.groups):
        if place:
            lines.append(r"\addlinespace")
        if title:
            lines.append(rf"\multicolumn{{{len(chosen)}}}{{@{{}}l}}{{\emph{{{prose(title)}}}}} \\")
        lines += [_row([row[i] for i in chosen]) for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(prose, cells)) + r" \\"
