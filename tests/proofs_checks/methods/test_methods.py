"""The methods behind the checks: identities, exact instances, intervals over seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy

from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Status
from lossmatters.proofs_checks.claims.symmetry.symmetry import additive_difference
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.empirical import Condition, by_experiment, decide, exists
from lossmatters.proofs_checks.methods.runs import MissingRecords, Runs
from lossmatters.proofs_checks.methods.symbolic import identity, same, sum_over_classes
from lossmatters.theory.memorization import mean_interval

X, Y = sympy.symbols("x y", positive=True)


def test_identity_proves_refutes_and_admits_ignorance() -> None:
    assert identity((X + Y) ** 2, X**2 + 2 * X * Y + Y**2, "all", "").status is Status.PROVED
    refuted = identity((X + Y) ** 2, X**2 + Y**2, "all", "")
    assert refuted.status is Status.REFUTED
    values = {s: sympy.Rational(refuted.witness[str(s)]) for s in (X, Y)}
    assert (X + Y).subs(values) ** 2 == sympy.Rational(refuted.witness["left"])
    f = sympy.Function("f")
    assert identity(f(X), f(X) + f(Y), "all", "").status is Status.UNDECIDED


def test_same_tells_infinite_from_finite() -> None:
    assert same(sympy.oo, sympy.oo) == (True, None)
    assert same(sympy.oo, X)[1] is not None
    assert same(X + sympy.Rational(1, 10**12), X)[1] is not None


def test_sum_over_classes() -> None:
    u, i, k = sympy.IndexedBase("u"), sympy.Symbol("i", integer=True), sympy.Symbol("K", positive=True)
    assert sum_over_classes(3 + 2 * u[i], u[i], 1, k) == 3 * k + 2
    with pytest.raises(ValueError, match="term must be affine"):
        sum_over_classes(u[i] ** 2, u[i], 1, k)


def test_exact_instances() -> None:
    def odd(n: int) -> int | None:
        return n if n % 2 else None

    assert exact.all_of([0, 2], odd, "", "").status is Status.PROVED
    assert exact.all_of([0, 3], odd, "", "").witness == 3
    assert exact.all_of([], odd, "", "").status is Status.UNDECIDED
    assert exact.draws(lambda rng: 2 * rng.randint(0, 9), odd, 10, "", "").status is Status.SAMPLED


def test_what_is_not_shown_is_neither_a_pass_nor_a_counterexample() -> None:
    unknown = sympy.Function("f")(1)

    def fails(number: sympy.Expr) -> str | None:
        return None if exact.vanishes(number) else str(number)

    nested = sympy.sqrt(3 + 2 * sympy.sqrt(2)) - 1 - sympy.sqrt(2)  # 0 in disguise
    assert exact.all_of([sympy.S.Zero, nested], fails, "", "").status is Status.PROVED
    assert exact.all_of([sympy.S.Zero, unknown], fails, "", "").status is Status.UNDECIDED
    small = sympy.log(2) - sympy.Rational("0.6931471805599453094172321214581765680755")
    found = exact.all_of([unknown, small], fails, "", "")  # a counterexample decides, whatever is unknown
    assert found.status is Status.REFUTED
    assert found.witness == str(small)
    assert exact.all_of([sympy.oo], fails, "", "").status is Status.REFUTED


def test_an_equation_of_sums_is_refuted_only_where_nothing_follows() -> None:
    assert additive_difference(lambda g, s, t: g(s + t) - g(s) - g(t)).status is Status.UNDECIDED
    assert additive_difference(lambda g, s, t: g(s) + g(t) - g(s + t) - g(0)).status is Status.PROVED
    assert additive_difference(lambda g, s, t: g(s) + g(1 - s) - g(t) - g(1 - t)).status is Status.REFUTED


@pytest.mark.parametrize(
    ("values", "bounds", "state"),
    [
        ([0.5, 0.5, 0.5, 0.5, 0.6], {"above": 0.4}, "yes"),
        ([0.5, 0.5, 0.5, 0.5, 0.6], {"above": 0.7}, "no"),
        ([0.5, 0.5, 0.5, 0.5, 0.6], {"above": 0.51}, "open"),
        ([0.5, 0.5, 0.5, 0.5, 0.6], {"below": 0.4}, "no"),
        ([0.5, 0.5, 0.5, 0.5, 0.6], {"below": 0.7}, "yes"),
        ([0.5, 0.5, 0.5, 0.6], {"below": 0.7}, "open"),
    ],
)
def test_condition(values: list[float], bounds: dict[str, float], state: str) -> None:
    condition = Condition("x", tuple(values), **bounds)
    assert condition.state(mean_interval(values)) == state


def test_more_conditions_widen_every_interval() -> None:
    records = fabricated.records({"cce": fabricated.MEMORISES})

    def rule(count: int):
        wobble = (0.1, 0.2, 0.3, 0.4, 0.5)
        return lambda runs: [Condition("x", wobble, above=0.0)] * count

    one, many = (decide(rule(n), records).data for n in (1, 10))
    assert (one["level"], many["level"]) == (0.95, pytest.approx(0.995))
    assert many["conditions"][0]["low"] < one["conditions"][0]["low"]


def test_runs_are_paired_by_seed() -> None:
    records = fabricated.records({"cce": fabricated.MEMORISES, "mse": fabricated.MEMORISES})
    without = [r for r in records if not (r.loss == "mse" and r.seed == 2)]
    rate = fabricated.RATES[2]
    gaps = Runs(without).paired(("cce", rate, "test_accuracy"), ("mse", rate, "test_accuracy"))
    assert gaps == [0.0] * 4


def test_an_example_settles_that_there_is_one() -> None:
    records = fabricated.records({"cce": fabricated.MEMORISES})
    losing = [r for r in records if r.noise_rate and r.seed == 3]
    found = exists(lambda runs: (losing, len(records)), records)
    assert found.status is Status.CONFIRMED
    assert (found.witness["seed"], found.witness["run_id"]) == (3, losing[0].run_id)
    assert "4 of 25 runs: 1 of cce at eta = 0.2" in found.detail
    assert exists(lambda runs: ([], len(records)), records).status is Status.NOT_REPRODUCED
    few = [r for r in records if r.seed < 4]
    assert exists(lambda runs: (few, len(few)), few).status is Status.INCONCLUSIVE
    assert exists(lambda runs: (few, len(few)), []).status is Status.UNDECIDED


def test_small_numbers_are_not_shown_as_zero() -> None:
    records = fabricated.records({"cce": fabricated.MEMORISES})
    shown = decide(lambda runs: [Condition("x", (1e-15,) * 5, below=1e-12)], records).detail
    assert "1.0e-15 [1.0e-15, 1.0e-15]" in shown


def test_experiments_are_kept_apart() -> None:
    first = fabricated.records({"cce": fabricated.MEMORISES}, seeds=1)
    assert len(by_experiment(first)) == 1
    assert len(by_experiment([])) == 0


def test_warm_starts_are_found_only_by_their_start() -> None:
    rate = fabricated.RATES[2]
    cold = fabricated.records({"cce": fabricated.MEMORISES, "mae": fabricated.RESISTS}, warm={})
    warm = [replace(r, training={**r.training, "start": "cce"}) for r in cold if r.loss == "mae"]
    runs = Runs(cold + warm)
    assert runs.of("mae", rate) == Runs(cold).of("mae", rate)
    assert [r.start for r in runs.of("mae", rate, "cce")] == ["cce"] * 5
    key = ("mae", rate, "test_accuracy")
    assert runs.paired(key, (*key, "cce")) == [0.0] * 5
    with pytest.raises(MissingRecords, match=r"no run of mae after mse at eta = 0\.4"):
        runs.of("mae", rate, "mse")
