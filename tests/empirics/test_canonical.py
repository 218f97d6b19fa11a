"""The text that digests are of: Python's own, whoever writes it."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lossmatters.empirics.records.canonical import canonical_text, numbers_text

NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.floats(0, 1) | st.floats(-1e-3, 1e-3)
JSON = st.recursive(
    NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SPECIAL = [1e-5, 1e-4, 1e15, 1e16, 1e17, -0.0, 5e-324, 1.7976931348623157e308, 2**70, 0, 1, 0.1 + 0.2]


@given(st.lists(NUMBERS, max_size=12))
@example([math.nan])
@example([math.inf, -math.inf, None])
@example(SPECIAL)
def test_numbers_are_written_as_python_writes_them(values):
    assert numbers_text(values) == json.dumps(values)


@pytest.mark.parametrize("value", [*SPECIAL, math.nan, math.inf, None, True])
def test_each_special_number_is_written_as_python_writes_it(value):
    """In a list of its own, where no other number asks for Python."""
    assert numbers_text([value]) == json.dumps([value])


@pytest.mark.parametrize("value", [1e-5, 1e16, math.nan])
def test_the_other_writer_alone_would_be_wrong(value):
    """So the tests above can fail."""
    assert msgspec.json.encode([value]).decode() != json.dumps([value])


@given(st.dictionaries(st.sampled_from(["a", "classes", "curves", "dataset", "ä", "z"]), JSON))
@example({"curves": {"b": [0.5, None], "a": [1e-5], "c": "x, y"}, "a": {"curves": 0}, "z": [1]})
@example({"curves": {}})
@example({})
def test_a_record_is_written_as_python_writes_it(content):
    assert canonical_text(content) == json.dumps(content, sort_keys=True)


@given(st.dictionaries(st.text(max_size=4), st.lists(NUMBERS, max_size=4), min_size=1))
def test_curves_are_written_as_python_writes_them(curves):
    content = {"curves": curves, "digest": "0", "a": [1]}
    assert canonical_text(content) == json.dumps(content, sort_keys=True)
