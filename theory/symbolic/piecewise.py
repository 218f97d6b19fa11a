"""The curvature of G, which S2 rests on; with cases, where its pieces meet and lines it keeps to.

G with absolute values, extremes or case distinctions whose borders are fixed points of (0, 1) is one smooth
expression between two borders. It is convex if every piece is and the slope does not fall at a border. Where
it is neither convex nor concave two lines may still do: if G >= p + q t on (0, 1), then S >= K p + q, with
equality at every output whose entries all lie where G meets the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import sympy

from lossmatters.theory.symbolic.algebra import Generator, is_nonnegative, is_zero

CASES = (sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise)
DIGITS = 50  # a difference that SymPy does not show to vanish is told from 0 to 40 of them


@dataclass(frozen=True)
class Piece:
    """G between two neighbouring borders, as one smooth expression."""

    lo: sympy.Expr
    hi: sympy.Expr
    expression: sympy.Expr


def pieces(expression: sympy.Expr, t: sympy.Symbol) -> tuple[Piece, ...] | None:
    """Return the pieces of an expression in t on (0, 1); None where a border depends on more than numbers.

    >>> t = sympy.Symbol("t", positive=True)
    >>> [(p.lo, p.hi, p.expression) for p in pieces(sympy.Max(t, sympy.Rational(1, 3)), t)]
    [(0, 1/3, 1/3), (1/3, 1, t)]
    """
    borders: list[sympy.Expr] = []
    for difference in _differences(expression):
        if not difference.has(t):
            continue
        slope = sympy.diff(difference, t)
        if slope.free_symbols or slope == 0:
            return None
        root = -difference.subs(t, 0) / slope
        if root.free_symbols or not root.is_real:
            return None
        if _sign(root) == 1 and _sign(1 - root) == 1 and all(_sign(root - b) != 0 for b in borders):
            borders.append(root)
    if any(None in (_sign(a - b) for b in borders) for a in borders):
        return None
    ends = [sympy.Integer(0), *sorted(borders, key=lambda b: sympy.N(b, DIGITS)), sympy.Integer(1)]
    found = []
    for lo, hi in pairwise(ends):
        middle = sympy.Rational(str(sympy.N((lo + hi) / 2, DIGITS)))
        found.append(Piece(lo, hi, _settled(expression, t, middle)))
    if any(p.expression.has(*CASES) for p in found) or not _continued(expression, t, found):
        return None
    return tuple(found)


def _continued(expression: sympy.Expr, t: sympy.Symbol, found: list[Piece]) -> bool:
    """Return whether the value at every border is that of the piece on its left or on its right."""
    if not expression.has(sympy.Piecewise):
        return True
    for left, right in pairwise(found):
        value = expression.subs(t, left.hi)
        if all(_sign(value - p.expression.subs(t, left.hi)) != 0 for p in (left, right)):
            return False
    return True


def _differences(expression: sympy.Expr) -> list[sympy.Expr]:
    """Return what changes its sign where an expression changes its case."""
    found = []
    for atom in expression.atoms(*CASES):
        if isinstance(atom, sympy.Abs):
            found.append(atom.args[0])
        elif isinstance(atom, sympy.Piecewise):
            found += [r.lhs - r.rhs for r in atom.atoms(sympy.core.relational.Relational)]
        else:
            found += [a - b for i, a in enumerate(atom.args) for b in atom.args[:i]]
    return found


def _settled(expression: sympy.Expr, t: sympy.Symbol, middle: sympy.Expr) -> sympy.Expr:
    """Return the expression with the cases that hold at `middle`, which is on no border."""

    def case(atom: sympy.Expr) -> sympy.Expr:
        if isinstance(atom, sympy.Abs):
            return atom.args[0] if _sign(atom.args[0].subs(t, middle)) == 1 else -atom.args[0]
        if isinstance(atom, sympy.Piecewise):
            held = (value for value, condition in atom.args if condition.subs(t, middle) == sympy.true)
            return next(held, atom)
        largest = isinstance(atom, sympy.Max)
        best = atom.args[0]
        for other in atom.args[1:]:
            sign = _sign((other - best).subs(t, middle))
            if sign is None:
                return atom
            best = other if sign == (1 if largest else -1) else best
        return best

    return expression.replace(lambda e: isinstance(e, CASES), case)


def _sign(number: sympy.Expr) -> int | None:
    """Return -1, 0 or 1; None where the expression is no number, or not told from 0."""
    number = sympy.sympify(number)
    if number.free_symbols:
        return None
    if is_zero(number):
        return 0
    value = sympy.N(number, DIGITS)
    if not value.is_comparable or abs(value) < sympy.Float(10) ** (10 - DIGITS):
        return None
    return 1 if value > 0 else -1


def shape(found: tuple[Piece, ...], t: sympy.Symbol) -> str:
    """Return the shape of a function given by its pieces: "affine", "convex", "concave" or "unknown"."""
    bends = [bend(p, t) for p in found]
    if "unknown" in bends:
        return "unknown"
    jumps = []
    for left, right in pairwise(found):
        difference = right.expression - left.expression
        if _sign(difference.subs(t, left.hi)) != 0:
            return "unknown"  # not continuous
        jumps.append(_sign(sympy.diff(difference, t).subs(t, left.hi)))
    if None in jumps:
        return "unknown"
    if set(bends) == {"affine"} and set(jumps) <= {0}:
        return "affine"
    if set(bends) <= {"affine", "convex"} and set(jumps) <= {0, 1}:
        return "convex"
    return "concave" if set(bends) <= {"affine", "concave"} and set(jumps) <= {0, -1} else "unknown"


def curvature(g: Generator) -> str:
    """Return the shape of G on (0, 1) that SymPy shows: "affine", "convex", "concave" or "unknown"."""
    if g.expression.has(*CASES):  # the second derivative would miss the kinks
        found = pieces(g.expression, g.t)
        return "unknown" if found is None else shape(found, g.t)
    second = sympy.diff(g.expression, g.t, 2)
    if is_zero(second):
        return "affine"
    if is_nonnegative(second, g.t):
        return "convex"
    return "concave" if is_nonnegative(-second, g.t) else "unknown"


def bend(piece: Piece, t: sympy.Symbol) -> str:
    """Return the shape of one piece, as far as SymPy shows it."""
    second = sympy.diff(piece.expression, t, 2)
    if is_zero(second):
        return "affine"
    if is_nonnegative(second, t, piece.lo, piece.hi):
        return "convex"
    return "concave" if is_nonnegative(-second, t, piece.lo, piece.hi) else "unknown"


def keeps_to(found: tuple[Piece, ...], t: sympy.Symbol, line: sympy.Expr) -> int:
    """Return 1 where a function is shown to be nowhere below a line on (0, 1), -1 nowhere above, else 0."""
    for side in (1, -1):
        rest = [Piece(p.lo, p.hi, side * (p.expression - line)) for p in found]
        if all(_nonnegative(p, t) for p in rest):
            return side
    return 0


def _nonnegative(piece: Piece, t: sympy.Symbol) -> bool:
    """Decide by the piece's ends where concave; by a tangent at one of its ends where convex."""
    ends = (piece.lo, piece.hi)

    def at_ends(line: sympy.Expr) -> bool:
        return all(_sign(line.subs(t, end)) in (0, 1) for end in ends)

    match bend(piece, t):
        case "affine" | "concave":
            return at_ends(piece.expression)
        case "convex":
            slope = sympy.diff(piece.expression, t)
            tangents = (
                piece.expression.subs(t, end) + slope.subs(t, end) * (t - end)
                for end in ends
                if slope.subs(t, end).is_finite
            )
            return any(at_ends(tangent) for tangent in tangents)
    return False
