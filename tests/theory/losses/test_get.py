"""Naming a loss: by name, by text, by file."""

from __future__ import annotations

import sys
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks.strategies import combined_losses, losses
from lossmatters.theory.losses import (
    CCE,
    LOSSES,
    MAE,
    RLL,
    CallableLoss,
    Loss,
    LossFileError,
    Normalized,
    get,
)
from lossmatters.theory.losses.registry import ALIASES

HALF = Fraction(1, 2)


@settings(max_examples=100)
@given(losses() | combined_losses())
def test_the_spec_of_a_loss_is_its_name(loss):
    assert get(loss.spec) == loss
    assert get(loss.spec).spec == loss.spec


@pytest.mark.parametrize("name", LOSSES)
def test_every_name_gives_its_loss(name):
    for spelling in (name, name.upper(), f" {name} ", name.replace("-", "_"), f"{name}()"):
        assert get(spelling) == LOSSES[name]()


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_by_keyword_and_in_the_text_are_the_same(name):
    # 1/2 lies in the domain of most parameters of the catalogue.
    parameters = {k: OTHER_VALUES.get((name, k), HALF) for k in LOSSES[name]().parameters}
    text = f"{name}({', '.join(f'{k}={v}' for k, v in parameters.items())})"
    assert get(text) == get(name, **parameters) == LOSSES[name](**parameters)
    assert get(text.replace("1/2", "0.5").replace("5/2", "2.5")) == get(text)


OTHER_VALUES = {
    ("aul", "a"): Fraction(5, 2),
    ("amse", "a"): Fraction(5, 2),
    ("nce-aul", "a"): Fraction(5, 2),
    ("nce-amse", "a"): Fraction(5, 2),
    ("mae-star", "c"): Fraction(5, 2),
    ("phuber-ce", "tau"): Fraction(5, 2),
    ("phuber-gce", "tau"): Fraction(5, 2),
    ("nnce", "p_min"): Fraction(1, 1024),
    ("nnfl", "p_min"): Fraction(1, 1024),
    ("nce-nnce", "p_min"): Fraction(1, 1024),
    ("taylor-ce", "n"): Fraction(3),
}


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_aliases(alias, name):
    assert get(alias) == LOSSES[name]()
    assert get(f"2*{alias} + mae") == 2 * LOSSES[name]() + MAE()


def test_every_combination_of_named_losses_round_trips_with_names_that_hold_a_minus():
    assert get("zero-one + 0.5*zero-one").spec == "zero-one + 1/2*zero-one"
    assert get("0-1 + cross-entropy").spec == "zero-one + cce"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("0.5*CCE() + MAE()", "1/2*cce + mae"),
        ("cce*0.5", "1/2*cce"),
        ("cce/4", "1/4*cce"),
        ("1/3*cce + 2/3*mae", "1/3*cce + 2/3*mae"),
        ("2*(cce + mae)", "2*cce + 2*mae"),
        ("RLL(alpha=1e-2)", "rll(alpha=1/100)"),
        ("RLL(alpha='1/100')", "rll(alpha=1/100)"),
        ("RLL(alpha=1/10 + 1/10)", "rll(alpha=1/5)"),
        ("sce(alpha=1, A=2)", "sce(alpha=1, beta=1, A=2)"),
        ("Normalized(mse)", "Normalized(mse)"),
        ("0.1*Normalized(gce(q=0.5) + cce)", "1/10*Normalized(gce(q=1/2) + cce)"),
    ],
)
def test_texts(text, spec):
    assert get(text).spec == spec
    assert get(spec).spec == spec


def test_objects_pass_through():
    assert get(RLL) == RLL()
    assert get(RLL, alpha=0.5) == RLL(alpha=HALF)
    assert get(RLL(), alpha=0.5) == RLL(alpha=HALF)
    assert get(Normalized(CCE())) == Normalized(CCE())
    assert isinstance(get(lambda logits, labels: logits.sum(1)), CallableLoss)


FILE = """
from dataclasses import dataclass
from fractions import Fraction
import torch
from lossmatters.theory.losses import CCE, MAE, SeparableLoss

@dataclass(frozen=True)
class Tilted(SeparableLoss):
    c: Fraction = Fraction(1, 10)
    def on_label(self, t, num_classes, ops):
        return (1 - t) * (1 + self.c)

mine = 0.5 * CCE() + MAE()
number = 3

def plain(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")
"""


@pytest.fixture
def user_file(tmp_path):
    path = tmp_path / "my losses.py"
    path.write_text(FILE)
    yield path
    sys.modules.pop("_lossmatters_user_my losses", None)


def test_a_file_may_hold_a_loss_a_class_or_a_callable(user_file):
    assert get(f"{user_file}:mine") == HALF * CCE() + MAE()
    cls = get(f"{user_file}:Tilted")
    assert isinstance(cls, Loss)
    assert cls.parameters == {"c": Fraction(1, 10)}
    assert get(f"{user_file}:Tilted", c=0.25).values([[0.5, 0.5]], [0]) == 0.625
    plain = get(f"{user_file}:plain")
    assert isinstance(plain, CallableLoss)
    assert plain.name == "plain"
    assert plain.matrix(torch.zeros(1, 2)).tolist() == CCE().matrix(torch.zeros(1, 2)).tolist()


NAMED = """
from lossmatters import SeparableLoss, register

@register
class {cls}(SeparableLoss):
    name = "taken-twice"
    def on_label(self, t, num_classes, ops):
        return {value}
"""


def test_a_name_taken_twice_is_an_error_and_the_first_stays(tmp_path):
    for folder, cls, value in (("a", "Mine", "1 - t"), ("b", "Mine", "2 - t"), ("c", "Other", "3 - t")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "loss.py").write_text(NAMED.format(cls=cls, value=value))
    try:
        first = get(f"{tmp_path}/a/loss.py:Mine")
        for other in ("b/loss.py:Mine", "c/loss.py:Other"):
            with pytest.raises(ValueError, match=r"name must be free .*got name='taken-twice'"):
                get(f"{tmp_path}/{other}")
        assert type(get("taken-twice")) is type(first)
        assert get("taken-twice").values([[0.5, 0.5]], [0]).tolist() == [0.5]
        (tmp_path / "a" / "loss.py").write_text(NAMED.format(cls="Mine", value="4 - t"))
        assert get(f"{tmp_path}/a/loss.py:Mine").values([[0.5, 0.5]], [0]).tolist() == [3.5]  # edited
    finally:
        LOSSES.pop("taken-twice", None)


def test_a_file_finds_what_lies_beside_it(tmp_path, monkeypatch):
    (tmp_path / "beside_the_loss.py").write_text("def plain(logits, labels):\n    return labels * 0.0 + 7\n")
    (tmp_path / "mine.py").write_text("from beside_the_loss import plain as loss\n")
    monkeypatch.delitem(sys.modules, "beside_the_loss", raising=False)
    path = list(sys.path)
    loss = get(f"{tmp_path}/mine.py:loss")
    assert loss.matrix(torch.zeros(1, 2)).tolist() == [[7, 7]]
    assert sys.path == path


def test_a_module_may_be_installed_or_in_the_current_folder(tmp_path, monkeypatch):
    assert get("torch.nn.functional:cross_entropy").name == "cross_entropy"
    made = get("torch.nn:CrossEntropyLoss").function
    assert isinstance(made, torch.nn.CrossEntropyLoss)
    (tmp_path / "of_mine").mkdir()
    (tmp_path / "of_mine" / "losses.py").write_text(
        "from lossmatters.theory.losses import MAE\nloss = 2 * MAE()\n"
    )
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    assert get("of_mine.losses:loss") == 2 * MAE()
    assert sys.path == path


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        (
            "torch.nn:CrossEntropyLos",
            LossFileError,
            "^torch.nn has no 'CrossEntropyLos'; it has CrossEntropyLoss",
        ),
        (
            "torch.nn:Linear",
            TypeError,
            "^loss must be made first, got a class that needs arguments: .*in_features",
        ),
        (
            "no_such.module:x",
            LossFileError,
            "^importing no_such.module raised ModuleNotFoundError: No module",
        ),
        ("this:s", TypeError, "^loss must be a Loss, a Loss class or a callable"),
    ],
)
def test_a_module_without_such_an_object(spec, error, message):
    with pytest.raises(error, match=message):
        get(spec)


@pytest.mark.parametrize(
    ("attribute", "error", "message"),
    [
        ("nine", LossFileError, r"my losses.py has no 'nine'; it has mine, plain"),
        ("", LossFileError, r"my losses.py has no ''; it has "),
        (
            "number",
            TypeError,
            r"^loss must be a Loss, a Loss class or a callable \(logits, labels\) -> \(N,\), got loss=",
        ),
        ("Fraction", TypeError, r"^loss must be a Loss, a Loss class or a callable"),
    ],
)
def test_a_file_without_such_an_object(user_file, attribute, error, message):
    with pytest.raises(error, match=message):
        get(f"{user_file}:{attribute}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1/0", "raised ZeroDivisionError: division by zero"),
        ("import no_such_module_here", "raised ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("def f(:", "raised SyntaxError: invalid syntax"),
        (
            "from lossmatters.theory.losses import RLL\nx = RLL(alpha=-1)",
            "raised ValueError: parameter alpha must be > 0, got alpha=-1",
        ),
        ("raise SystemExit(0)", "raised SystemExit: 0"),
    ],
)
def test_a_file_that_raises(tmp_path, content, message):
    path = tmp_path / "bad.py"
    path.write_text(content)
    with pytest.raises(LossFileError) as error:
        get(f"{path}:x")
    assert str(error.value).startswith(f"{path} {message}")
    assert "_lossmatters_user_bad" not in sys.modules, "a file that failed leaves nothing behind"


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("rl", ValueError, "loss must be a known loss, got loss='rl'; did you mean rll, "),
        ("qqqqq", ValueError, "loss must be a known loss, got loss='qqqqq'; known: ael, agce, "),
        ("", ValueError, "loss must be "),
        ("cce +", ValueError, "loss must be a name or NAME(parameter=value), got loss='cce +'"),
        (
            "cce - mae",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those, got",
        ),
        (
            "cce * mae",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those, got",
        ),
        (
            "cce + 1",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those, got",
        ),
        ("-1*cce", ValueError, "factor must be > 0, got factor=-1"),
        ("0*cce", ValueError, "factor must be > 0, got factor=0"),
        (
            "cce/0",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those, got",
        ),
        ("2/3", ValueError, "loss must be a loss, not a number, got loss='2/3'"),
        (
            "rll(0.1)",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those, got",
        ),
        ("rll(alpha=0)", ValueError, "parameter alpha must be > 0, got alpha=0"),
        (
            "rll(alpha=1/0)",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those, got",
        ),
        ("rll(alpha=cce)", ValueError, "parameter must be a number in 'rll(alpha=cce)', got parameter=CCE()"),
        ("rll(beta=1)", TypeError, "rll has no parameter 'beta'; its parameters are alpha"),
        ("cce(alpha=1)", TypeError, "cce has no parameter 'alpha'; it has no parameters"),
        ("Normalized()", ValueError, "loss must be a "),
        ("Normalized(2)", TypeError, "base must be a Loss, got base="),
        (
            "__import__('os')",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those",
        ),
        (
            "cce.values",
            ValueError,
            "loss must be a name, NAME(parameter=value) or a sum of multiples of those, got",
        ),
        ("path/to/nothing.py:x", LossFileError, "loss file must exist, got path='path/to/nothing.py'"),
        ("path/to/nothing.py", ValueError, "loss file must be given as path/to/file.py:object, got file="),
    ],
)
def test_texts_that_name_no_loss(spec, error, message):
    with pytest.raises(error) as raised:
        get(spec)
    assert str(raised.value).startswith(message), str(raised.value)


@pytest.mark.parametrize("thing", [3, None, int, ["cce"]])
def test_objects_that_are_no_loss(thing):
    with pytest.raises(TypeError, match=r"^loss must be a Loss, a Loss class or a callable"):
        get(thing)


@given(st.text(max_size=20))
def test_any_text_is_a_loss_or_a_plain_error(text):
    try:
        found = get(text)
    except (ValueError, TypeError) as error:
        found = error
    assert isinstance(found, Loss) or str(found).strip()
