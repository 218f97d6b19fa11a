"""The registry is complete, and every loss in it is documented by the house's template."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, is_dataclass

import pytest
from latex2mathml.converter import convert

import lossmatters.theory.losses
from lossmatters.theory.losses import LOSSES, CallableLoss, Loss, SeparableLoss, register
from lossmatters.theory.losses.registry import ALIASES

ALL = list(LOSSES.items())
EACH = pytest.mark.parametrize(("name", "cls"), ALL, ids=[name for name, _ in ALL])

# The parts of a loss docstring, in their order (a part may follow another on its line).
PARTS = (
    "Formula:",
    "Shapes:",
    "Domain:",
    "Range:",
    "Symmetric:",
    "Differentiable:",
    "Raises:",
    ">>>",
    "Source:",
)

# What losses are made of: these classes have no name of their own.
MATERIAL = {
    "SeparableLoss",
    "CallableLoss",
    "Combination",
    "SeparableCombination",
    "Normalized",
    "CatalogueNormalized",
    "ShareLoss",
    "UnboundedSumLoss",
    "LogSumExpLoss",
    "ActivePassive",
    "GeneralMixture",
    "SeparableMixture",
    "Symmetrised",
    "SymmetrisedSeparable",
    "NoiseAveraged",
    "NoiseAveragedSeparable",
    "LabelMean",
    "LabelMeanSeparable",
    "Corrected",
    "UniformBackward",
    "UniformBackwardSeparable",
    "UniformForward",
    "UniformForwardSeparable",
}


def subclasses(cls: type) -> set[type]:
    """All subclasses, of the package alone: tests define more."""
    found = set()
    for sub in cls.__subclasses__():
        found |= {sub} | subclasses(sub)
    return {c for c in found if c.__module__.startswith("lossmatters.theory.losses.")}


def parts_of(doc: str) -> list[str]:
    """The template's parts in the order in which they appear in a docstring."""
    places = [(doc.find(part), part) for part in PARTS if part in doc]
    return [part for _, part in sorted(places)]


def test_every_loss_class_is_registered_or_material():
    unregistered = {c.__name__ for c in subclasses(Loss)} - {c.__name__ for c in LOSSES.values()}
    assert unregistered == MATERIAL


def test_every_registered_class_is_public_under_its_own_name():
    for cls in LOSSES.values():
        assert getattr(lossmatters.theory.losses, cls.__name__) is cls
        assert cls.__name__ in lossmatters.theory.losses.__all__


def test_the_catalogue_holds_what_was_promised():
    promised = {
        "cce",
        "mse",
        "mae",
        "rll",
        "nmse",
        "zero-one",
        "unhinged",
        "rce",
        "gce",
        "sce",
        "focal",
        "nce",
        "nfl",
        "ngce",
        "truncated-gce",
        "nce-mae",
        "nce-rce",
        "nfl-mae",
        "nfl-rce",
        "nnce",
        "nnfl",
        "agce",
        "aul",
        "ael",
        "amse",
        "phuber-ce",
        "phuber-gce",
        "bi-tempered",
        "taylor-ce",
        "js",
        "logit-unhinged",
        "shifted-ce",
        "sgce",
        "ldr-kl",
        "mae-star",
        "epsilon-ce",
        "label-smoothing",
        "nce-agce",
        "nce-aul",
        "nce-ael",
        "nce-amse",
        "nce-nnce",
    }
    assert promised <= set(LOSSES)


def test_aliases_lead_to_registered_names_and_hide_none():
    assert set(ALIASES.values()) <= set(LOSSES)
    assert not set(ALIASES) & set(LOSSES)


@EACH
def test_the_docstring_has_the_templates_parts_in_order(name, cls):
    doc = inspect.cleandoc(cls.__doc__)
    assert parts_of(doc) == list(PARTS), f"{cls.__name__} has {parts_of(doc)}"
    first = doc.splitlines()[0]
    assert first.endswith((".", "?")), f"the first line is not a sentence: {first}"
    assert doc.splitlines()[1] == "", "one line, then an empty one"


def test_a_docstring_out_of_order_is_noticed():
    doc = "A loss.\n\nFormula: x.\nDomain: y.\nShapes: z."
    assert parts_of(doc) == ["Formula:", "Domain:", "Shapes:"] != list(PARTS)[:3]
    assert parts_of("") == []


@EACH
def test_the_docstring_names_the_parameters_that_it_checks(name, cls):
    doc = inspect.cleandoc(cls.__doc__)
    raises = re.search(r"Raises: (.*)", doc).group(1)
    if not cls().parameters:
        assert raises == "nothing; it has no parameters."
    for parameter in cls().parameters:
        assert re.search(rf"\b{parameter}\b", raises), f"{parameter} is not in 'Raises: {raises}'"
        assert re.search(rf"\b{parameter}\b", doc.split("Shapes:")[0]), f"{parameter} is not in the formula"


@EACH
def test_it_has_a_title_a_formula_and_a_source(name, cls):
    assert cls.name == name
    loss = cls()
    for text in (loss.title, loss.latex, loss.source):
        assert isinstance(text, str)
        assert text.strip()


@EACH
def test_its_latex_renders(name, cls):
    mathml = convert(cls.latex)
    assert mathml.startswith("<math")
    assert "\\" not in mathml, f"a command was not understood: {mathml}"


def test_latex_that_does_not_render_is_noticed():
    assert "\\" in convert(r"\nosuchcommand{u_y}")


@EACH
def test_it_is_a_frozen_dataclass_with_exact_parameters(name, cls):
    assert is_dataclass(cls)
    assert cls.__dataclass_params__.frozen
    assert cls() == cls()
    assert hash(cls()) == hash(cls())
    for value in cls().parameters.values():
        assert type(value).__name__ == "Fraction"


@EACH
def test_its_declarations_are_complete(name, cls):
    loss = cls()
    assert loss.symmetric in (True, False)
    assert loss.bounded in (True, False)
    assert loss.differentiable in (True, False)


@pytest.fixture
def registry():
    """The registry, put back afterwards."""
    before = dict(LOSSES)
    yield LOSSES
    LOSSES.clear()
    LOSSES.update(before)


def test_a_users_loss_is_registered_and_may_be_defined_again(registry):
    def define():
        @register
        @dataclass(frozen=True)
        class Mine(SeparableLoss):
            name = "my-loss-2"

            def on_label(self, t, num_classes, ops):
                return 1 - t

        return Mine

    first, second = define(), define()
    assert first is not second
    assert registry["my-loss-2"] is second


@pytest.mark.parametrize("name", ["", "My-Loss", "my loss", "my_loss", "mae", "l1", "-"])
def test_a_bad_or_taken_name_is_refused(registry, name):
    before = dict(registry)
    taken = name in ("mae", "l1")
    cls = type("Other", (SeparableLoss,), {"name": name})
    reason = r"free \(another loss has it\)" if taken else "non-empty lower-case letters, digits and '-'"
    with pytest.raises(ValueError, match=f"^name must be {reason}, got name='{name}'$"):
        register(cls)
    assert registry == before


@pytest.mark.parametrize("thing", [int, CallableLoss(max), "mae", None])
def test_only_loss_classes_are_registered(thing):
    with pytest.raises(TypeError, match=r"^registered class must be a subclass of Loss, got class="):
        register(thing)
