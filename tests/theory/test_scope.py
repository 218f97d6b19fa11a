"""Scopes as sets: intersection, union, order, and words that say what the set is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossmatters.theory.scope import OPEN_SIMPLEX, SIMPLEX, ClassCounts, Domain, Scope, where

LARGEST = 15  # the numbers drawn; beyond them a set holds all K or none
NUMBERS = st.integers(2, LARGEST - 3)


@st.composite
def class_counts(draw: st.DrawFn) -> ClassCounts:
    few = draw(st.sets(NUMBERS), label="few")
    return ClassCounts(frozenset(few), draw(st.none() | NUMBERS, label="onwards"))


DOMAINS = st.sampled_from(
    [SIMPLEX, OPEN_SIMPLEX, where("0 < S < infinity", "nce"), where("0 < S < infinity", "nfl")]
)
SCOPES = st.builds(Scope, class_counts(), st.builds(Domain.__and__, DOMAINS, DOMAINS))


def members(counts: ClassCounts) -> set[int]:
    return {k for k in range(2, LARGEST + 1) if k in counts}


@given(class_counts(), class_counts())
def test_sets_of_k_are_sets(a: ClassCounts, b: ClassCounts) -> None:
    assert members(a & b) == members(a) & members(b)
    assert members(a | b) == members(a) | members(b)
    assert (a <= b) == (members(a) <= members(b)), "inclusion"
    assert (a == b) == (members(a) == members(b)), "one form for one set"
    assert bool(a) == bool(members(a))
    assert a.up_to(LARGEST) == sorted(members(a))


@given(class_counts(), st.sets(NUMBERS))
def test_exceptions_are_left_out(a: ClassCounts, less: set[int]) -> None:
    assert members(a.without(less)) == members(a) - less


@given(st.lists(SCOPES, min_size=1, max_size=4))
def test_the_scope_of_a_combination_lies_within_each_terms(scopes: list[Scope]) -> None:
    whole = Scope()
    for scope in scopes:
        whole &= scope
    assert all(whole <= scope for scope in scopes)
    assert whole.classes.is_finite == any(s.classes.is_finite for s in scopes), "some K never become all K"


@given(SCOPES, SCOPES, SCOPES)
def test_scopes_are_partly_ordered(a: Scope, b: Scope, c: Scope) -> None:
    assert a <= a
    assert a & b == b & a
    assert (a & b) & c == a & (b & c)
    if a <= b and b <= c:
        assert a <= c
    if c <= a and c <= b:
        assert c <= a & b, "the intersection is the largest within both"


@given(class_counts())
def test_words_say_what_the_set_is(a: ClassCounts) -> None:
    text = str(a)
    if not a:
        assert text == "no K"
        return
    assert ("all K" in text) == (not a.is_finite)
    numbers = {int(n) for n in re.findall(r"\d+", text)}
    if a.is_finite:  # every number it names is one of the set, its ends among them
        assert numbers <= members(a)
        assert {min(numbers), max(numbers)} == {min(members(a)), max(members(a))}


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope(), "all K >= 2"),
        (Scope(domain=OPEN_SIMPLEX), "all K >= 2, open simplex"),
        (Scope.of(range(2, 6)), "K = 2..5"),
        (Scope.of([2, 3]), "K = 2, 3"),
        (Scope(ClassCounts.every(3).without([4, 10])), "all K >= 3 except K = 4, 10"),
        (Scope(ClassCounts.only(3) | ClassCounts.every(10)), "K = 3 and all K >= 10"),
        (Scope(domain=where("0 < S < infinity", "nfl")), "all K >= 2, wherever 0 < S < infinity"),
    ],
)
def test_text(scope: Scope, text: str) -> None:
    assert str(scope) == text
    assert scope.text("at least") == text.replace(">=", "at least")


@pytest.mark.parametrize("numbers", [1, [2, 0], range(1, 3)])
def test_one_class_is_no_number_of_classes(numbers: Any) -> None:
    with pytest.raises(ValueError, match="must be an integer >= 2"):
        ClassCounts.only(numbers)


def test_parts_of_different_losses_are_different() -> None:
    of_nce, of_nfl = where("0 < S < infinity", "nce"), where("0 < S < infinity", "nfl")
    assert not of_nce <= of_nfl
    assert str(of_nce & of_nfl) == "wherever 0 < S < infinity (nce) and 0 < S < infinity (nfl)"
