"""For which K, and where on the simplex, something was shown: sets with intersection and order.

A scope is made of values and compared as sets. Nothing parses its text, which is made where it is shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lossmatters.theory.exact import check_num_classes

SMALLEST = 2
RUN = 3  # so many numbers in a row or more are written 2..5


@dataclass(frozen=True)
class ClassCounts:
    """A set of numbers of classes K >= 2 that is finite, or holds all K from some number on.

    Make one with `every`, `only` and `without`. The form is canonical: equal sets are equal objects.

    Attributes
    ----------
    few : frozenset of int
        Its numbers below `onwards`, or all of them where it is finite.
    onwards : int or None
        The smallest K from which it holds all; None where it is finite.

    >>> ten = ClassCounts.every().without(10)
    >>> str(ten), 10 in ten, str(ten & ClassCounts.only(range(8, 13)))
    ('all K >= 2 except K = 10', False, 'K = 8, 9, 11, 12')
    """

    few: frozenset[int] = frozenset()
    onwards: int | None = SMALLEST

    def __post_init__(self) -> None:
        few, onwards = set(map(check_num_classes, self.few)), self.onwards
        if onwards is not None:
            onwards = check_num_classes(onwards)
            few = {k for k in few if k < onwards}
            while onwards - 1 in few:
                onwards -= 1
                few.remove(onwards)
        object.__setattr__(self, "few", frozenset(few))
        object.__setattr__(self, "onwards", onwards)

    @classmethod
    def every(cls, smallest: int = SMALLEST) -> ClassCounts:
        """Return all K from a smallest one on."""
        return cls(frozenset(), smallest)

    @classmethod
    def only(cls, numbers: int | Iterable[int]) -> ClassCounts:
        """Return the finite set of these numbers (or of one)."""
        return cls(frozenset((numbers,) if isinstance(numbers, int) else numbers), None)

    def without(self, numbers: int | Iterable[int]) -> ClassCounts:
        """Return the set less these numbers."""
        less = set((numbers,) if isinstance(numbers, int) else numbers)
        if self.onwards is None:
            return ClassCounts(self.few - less, None)
        onwards = max({self.onwards - 1, *less}) + 1
        return ClassCounts(
            frozenset(k for k in range(SMALLEST, onwards) if k in self and k not in less), onwards
        )

    def up_to(self, largest: int) -> list[int]:
        """Return its numbers up to a largest one, all of them where it is finite."""
        if self.onwards is None:
            return sorted(self.few)
        return [k for k in range(SMALLEST, largest + 1) if k in self]

    @property
    def is_finite(self) -> bool:
        """Tell whether it holds finitely many numbers."""
        return self.onwards is None

    def __contains__(self, num_classes: int) -> bool:
        return num_classes in self.few or (self.onwards is not None and num_classes >= self.onwards)

    def __iter__(self) -> Iterator[int]:
        """Go through the numbers upwards, without end where the set has none."""
        yield from sorted(self.few)
        if self.onwards is not None:
            yield from itertools.count(self.onwards)

    def __bool__(self) -> bool:
        return bool(self.few) or self.onwards is not None

    def __and__(self, other: ClassCounts) -> ClassCounts:
        last = self._horizon(other)
        few = frozenset(k for k in range(SMALLEST, last) if k in self and k in other)
        return ClassCounts(few, None if self.is_finite or other.is_finite else last)

    def __or__(self, other: ClassCounts) -> ClassCounts:
        last = self._horizon(other)
        few = frozenset(k for k in range(SMALLEST, last) if k in self or k in other)
        return ClassCounts(few, None if self.is_finite and other.is_finite else last)

    def _horizon(self, other: ClassCounts) -> int:
        """Return a number from which on either set holds all K or none."""
        return max(
            SMALLEST, *(k + 1 for s in (self, other) for k in s.few), self.onwards or 0, other.onwards or 0
        )

    def __le__(self, other: ClassCounts) -> bool:
        """Return whether every number of this set is one of the other."""
        return self & other == self

    def __str__(self) -> str:
        return self.text()

    def text(self, at_least: str = ">=") -> str:
        """Write the set out, with a sign of one's own for "at least"."""
        if self.onwards is None:
            return f"K = {_listed(sorted(self.few))}" if self.few else "no K"
        smallest = min(self.few, default=self.onwards)
        missing = [k for k in range(smallest, self.onwards) if k not in self.few]
        if len(missing) > len(self.few) + 1 and self.few:  # a few small ones, then all from far out
            return f"K = {_listed(sorted(self.few))} and all K {at_least} {self.onwards}"
        but = f" except K = {_listed(missing)}" if missing else ""
        return f"all K {at_least} {smallest}{but}"


def _listed(numbers: list[int]) -> str:
    """Write numbers with commas, three or more in a row as 2..5."""
    parts: list[str] = []
    for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        row = [number for _, number in run]
        parts += [f"{row[0]}..{row[-1]}"] if len(row) >= RUN else map(str, row)
    return ", ".join(parts)


@dataclass(frozen=True, order=True)
class Condition:
    """A condition on a point of the simplex, such as "0 < S < infinity".

    Attributes
    ----------
    says : str
        The condition.
    about : str
        What its letters belong to, such as the loss whose label sum S is: conditions of the same words about
        different things are different.
    """

    says: str
    about: str = ""


INSIDE = Condition("u_i > 0 for all i")


@dataclass(frozen=True)
class Domain:
    """A part of the simplex: the points that meet every one of some conditions, all points if there are none.

    Inclusion is decided by conditions alone, so a domain may lie in another without `<=` knowing it; it never
    claims an inclusion that does not hold.
    """

    conditions: frozenset[Condition] = frozenset()

    def __and__(self, other: Domain) -> Domain:
        return Domain(self.conditions | other.conditions)

    def __le__(self, other: Domain) -> bool:
        """Tell whether this is domain known to lie in the other."""
        return self.conditions >= other.conditions

    def __str__(self) -> str:
        if not self.conditions:
            return "simplex"
        named = ["open simplex"] if INSIDE in self.conditions else []
        others = sorted(self.conditions - {INSIDE})
        alike = len({c.about for c in others}) == 1
        said = [c.says if alike or not c.about else f"{c.says} ({c.about})" for c in others]
        return ", ".join([*named, *(["wherever " + " and ".join(said)] if said else [])])


SIMPLEX = Domain()
OPEN_SIMPLEX = Domain(frozenset({INSIDE}))


def where(says: str, about: str = "") -> Domain:
    """Return the part of the simplex on which a condition holds."""
    return Domain(frozenset({Condition(says, about)}))


@dataclass(frozen=True)
class Scope:
    """For which K and which outputs something was shown.

    Scopes are ordered by inclusion, as sets of pairs (K, point of the simplex): ``narrow <= wide``.

    Attributes
    ----------
    classes : ClassCounts
        The numbers of classes.
    domain : Domain
        The part of the simplex.

    >>> every, few = Scope(domain=OPEN_SIMPLEX), Scope.of(range(2, 6))
    >>> str(every), str(few), str(every & few)
    ('all K >= 2, open simplex', 'K = 2..5', 'K = 2..5, open simplex')
    >>> every & few <= every, few <= every
    (True, False)
    """

    classes: ClassCounts = ClassCounts()
    domain: Domain = SIMPLEX

    @classmethod
    def of(cls, numbers: int | Iterable[int], domain: Domain = SIMPLEX) -> Scope:
        """Return the scope of one K, or of finitely many."""
        return cls(ClassCounts.only(numbers), domain)

    @classmethod
    def at(cls, num_classes: int | None, domain: Domain = SIMPLEX) -> Scope:
        """Return the scope of one K, or of all K >= 2 where none is given."""
        return cls(ClassCounts() if num_classes is None else ClassCounts.only(num_classes), domain)

    def __and__(self, other: Scope) -> Scope:
        return Scope(self.classes & other.classes, self.domain & other.domain)

    def __le__(self, other: Scope) -> bool:
        """Return whether all that this scope covers is known to be covered by the other."""
        return not self.classes or (self.classes <= other.classes and self.domain <= other.domain)

    def __bool__(self) -> bool:
        return bool(self.classes)

    def narrowed(self, num_classes: int | None) -> Scope:
        """Return the part of it at one K, all of it where none is given."""
        return self if num_classes is None else self & Scope.of(num_classes)

    def __str__(self) -> str:
        return self.text()

    def text(self, at_least: str = ">=") -> str:
        """Write the scope out, with a sign of one's own for "at least"."""
        classes = self.classes.text(at_least)
        return classes if self.domain == SIMPLEX else f"{classes}, {self.domain}"
