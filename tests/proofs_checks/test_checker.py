"""The second opinion contradicts what is planted, and nothing that is right."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

import pytest
import sympy

from lossmatters.proofs_checks.checker import check_certificate, check_symmetry
from lossmatters.proofs_checks.checker.closed_form import value_of
from lossmatters.proofs_checks.claims.symmetry.loss_checks import with_symbols
from lossmatters.theory.certificate import certify
from lossmatters.theory.losses import MAE, MSE, RLL, Loss, SeparableLoss
from lossmatters.theory.scope import Scope
from lossmatters.theory.symmetry import decide
from lossmatters.theory.symmetry.symmetry_verdict import SymmetryVerdict
from lossmatters.theory.verdict import Method, Status


@dataclass(frozen=True)
class AtAPoint(SeparableLoss):
    """MAE but for one value of the label's probability."""

    name = "at-a-point"

    def on_label(self, t, num_classes, ops):
        return ops.where(t == 0.37, 7, 1 - t)


@pytest.fixture(scope="module")
def certificate():
    return certify(MSE(), 4, "2/5")


def test_a_right_certificate_stands(certificate):
    data, wrong = check_certificate(MSE(), certificate)
    assert wrong == []
    assert data == certificate.to_json()


def planted(certificate, key):
    """A certificate with one falsehood."""
    proved = SymmetryVerdict(Status.PROVED, Scope(), Method.S1, "planted", constant=sympy.Integer(3))
    span, optimum = certificate.label_sum, certificate.noisy_optimum
    swapped = replace(
        certificate.order_reversal, u=certificate.order_reversal.v, v=certificate.order_reversal.u
    )
    return dataclasses.replace(
        certificate,
        **{
            "symmetry": {"symmetry": proved},
            "symmetry_all_classes": {"symmetry_all_classes": proved},
            "label_sum": {"label_sum": replace(span, high=span.high - sympy.Rational(1, 10**6))},
            "bounds": {"loss_maximum": replace(certificate.loss_maximum, value=sympy.Rational(3, 2))},
            "order_reversal": {"order_reversal": swapped},
            "noisy_optimum": {"noisy_optimum": replace(optimum, vertex=True)},
        }[key],
    )


@pytest.mark.parametrize(
    "key", ["symmetry", "symmetry_all_classes", "label_sum", "bounds", "order_reversal", "noisy_optimum"]
)
def test_a_planted_falsehood_is_contradicted_and_becomes_undecided(certificate, key):
    data, wrong = check_certificate(MSE(), planted(certificate, key))
    assert [w.key for w in wrong] == [key]
    assert data[key]["status"] == "undecided"
    assert "please report this" in data[key]["reason"]


def test_a_witness_is_checked_exactly():
    verdict = decide(MSE(), 3)
    assert check_symmetry(MSE(), verdict, 3) is None
    same = replace(verdict, witness=replace(verdict.witness, v=verdict.witness.u))
    assert "the witness gives" in check_symmetry(MSE(), same, 3)


@pytest.mark.parametrize("loss", [AtAPoint(), MAE()], ids=str)
def test_borders_of_cases_are_looked_for(loss: Loss):
    """That MAE is symmetric says nothing of a loss that differs from it at one point."""
    claim = SymmetryVerdict(Status.PROVED, Scope(), Method.S1, "planted", constant=decide(MAE()).constant)
    if loss == MAE():
        assert check_symmetry(loss, claim) is None
    else:
        half = replace(claim, constant=claim.constant / 2)
        assert "S = " in check_symmetry(loss, half)


def test_the_command_line_shows_the_numbers_and_fails(monkeypatch, capsys):
    from lossmatters.cli import main
    from lossmatters.theory import certificate as certificates

    made = certificates.certify
    monkeypatch.setattr(certificates, "certify", lambda *a: planted(made(*a), "symmetry"))
    with pytest.raises(SystemExit) as stop:
        main(["certify", "mse", "-K", "4", "--json"])
    assert stop.value.code == 1
    assert "please report this" in capsys.readouterr().out


def test_a_verdict_for_every_value_of_a_parameter_is_held_against_values():
    loss = with_symbols(RLL(alpha="1/10"))
    verdict = decide(loss)
    assert verdict.status is Status.PROVED
    assert check_symmetry(loss, verdict) is None
    assert check_symmetry(loss, replace(verdict, constant=verdict.constant + sympy.Symbol("K") / 1000))
    (symbol,) = (s for s in verdict.constant.free_symbols if s.name == "alpha")
    assert check_symmetry(loss, replace(verdict, constant=verdict.constant.subs(symbol, 1)))


@pytest.mark.parametrize(
    "text", ["K*log(11)", "10*2**(3/10)", "-oo", "exp(-1)/3 + E", "Max(K, 12)**0.5", "12.857"]
)
def test_a_closed_form_is_the_number_that_sympy_says(text):
    expected = sympy.sympify(text, locals={"K": sympy.Symbol("K")}).subs("K", 10)
    assert float(value_of(text, 10)) == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize(
    "text", ["zoo", "nan", "log(-1)", "1/0", "", "K = 2: 3", "x", "K.real", "[K]", "log(K, base=2)", "True"]
)
def test_what_is_no_number_is_none(text):
    assert value_of(text, 10) is None


def test_no_text_is_executed(tmp_path):
    witness = tmp_path / "ran"
    assert value_of(f"open({str(witness)!r}, 'w')", 3) is None
    assert value_of(f"(lambda: open({str(witness)!r}, 'w'))()", 3) is None
    assert not witness.exists()
