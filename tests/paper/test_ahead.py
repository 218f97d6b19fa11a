"""What is computed ahead is what is computed on the spot, whoever computes it and wherever it is kept."""

from __future__ import annotations

import math
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lossmatters.paper import ahead, predicted
from lossmatters.paper.ahead import Question, answer, computed_ahead
from lossmatters.paper.figures import write_figures
from lossmatters.paper.predicted import is_own, parameters_of, paths_of, time_of
from lossmatters.theory.dynamics import Setup, fit, memorization_time
from lossmatters.theory.dynamics.mean_field import memorization_paths
from lossmatters.theory.losses import SeparableLoss, get

SETUP = Setup(10, 200, "2/5", epochs=6, batch_size=50)
CURVE = (0.0, 0.1, 0.3, 0.6, 0.8, 0.9)
RATES = (Fraction(1, 5), Fraction(2, 5))


def place(word: str) -> list[Any]:
    return [word, os.getpid()]


def fails(word: str) -> None:
    raise ValueError(word)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LOSSMATTERS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / ahead.FOLDER


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*")) if folder.exists() else []


def test_on_the_spot_nothing_is_kept(own_cache: Path) -> None:
    assert answer(Question(place, ("a",))) == ["a", os.getpid()]
    assert not kept(own_cache)


def test_another_process_answers_and_the_answer_is_kept(own_cache: Path) -> None:
    with computed_ahead(workers=2) as answers:
        answers.begin([Question(place, ("a",)), Question(place, ("a",))])
        word, elsewhere = answer(Question(place, ("a",)))
    assert word == "a"
    assert elsewhere != os.getpid()
    assert len(kept(own_cache)) == 1
    with computed_ahead() as answers:
        assert answers.answer(Question(place, ("a",)))[1] == elsewhere
        assert answer(Question(place, ("b",)))[1] == os.getpid()


def test_a_damaged_file_or_that_of_other_code_is_not_believed(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(place, ("a",))
    with computed_ahead(workers=2):
        elsewhere = answer(question)[1]
    (file,) = kept(own_cache)
    whole = file.read_text()
    file.write_text(whole.replace(str(elsewhere), "1"))
    with computed_ahead():
        assert answer(question)[1] == os.getpid()
    file.write_text(whole)
    monkeypatch.setattr(ahead, "code_key", lambda sources: "another")
    with computed_ahead():
        assert answer(question)[1] == os.getpid()
    assert kept(own_cache) == [file]  # which is replaced, so that no code leaves files behind


def test_where_nothing_can_be_kept_all_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOSSMATTERS_CACHE", str(tmp_path / "file"))
    with computed_ahead():
        assert answer(Question(place, ("a",))) == ["a", os.getpid()]


def test_the_oldest_files_go_where_there_are_too_many(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "MOST", 2)
    for day, word in enumerate("abc"):
        with computed_ahead():
            answer(Question(place, (word,)))
        for file in kept(own_cache):
            os.utime(file, (day, day) if file.stat().st_mtime > 1e6 else None)
    assert len(kept(own_cache)) == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_that_of_who_asks(workers: int, own_cache: Path) -> None:
    with computed_ahead(workers) as answers:
        answers.begin([Question(fails, ("never asked",))])
        with pytest.raises(ValueError, match="asked"):
            answer(Question(fails, ("asked",)))
    assert not kept(own_cache)


def test_times_and_paths_are_those_of_the_theory() -> None:
    def asked() -> list[Any]:
        found: list[Any] = [time_of(get(spec), 10, Fraction(2, 5)) for spec in ("cce", "rll", "mse")]
        found.append(time_of(get("js"), 10, start=Fraction(9, 10)))
        parameters = parameters_of(SETUP, CURVE)
        return [*found, parameters, *(paths_of(CURVE)(s, SETUP, parameters, RATES) for s in ("mse", "rll"))]

    expected: list[Any] = [memorization_time(get(spec), 10, "2/5") for spec in ("cce", "rll", "mse")]
    expected += [memorization_time(get("js"), 10, start="9/10"), fit(SETUP, CURVE)]
    expected += [
        dict(zip(RATES, memorization_paths(get(s), SETUP, expected[-1], RATES), strict=True))
        for s in ("mse", "rll")
    ]
    assert asked() == expected
    assert math.isinf(expected[1].value)
    for _ in ("computed", "kept"):
        with computed_ahead():
            assert asked() == expected


def test_why_a_loss_has_no_path_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise ValueError("gradient must be finite")

    parameters = parameters_of(SETUP, CURVE)
    monkeypatch.setattr(predicted, "paths", none)
    for _ in ("computed", "kept"):
        with computed_ahead(), pytest.raises(ValueError, match="must be finite"):
            paths_of(CURVE)("mse", SETUP, parameters, RATES)


class Foreign(SeparableLoss):
    def on_label(self, t: Any, num_classes: int, ops: Any) -> Any:
        return 1 - t


def test_only_losses_of_this_package_are_asked_about_by_their_text(own_cache: Path) -> None:
    assert is_own("rll(alpha=1/10)")
    assert is_own("0.5*cce + mae")
    assert is_own("Normalized(rll)")
    assert not is_own("nothing")
    assert not is_own("losses.py:Foreign")
    with computed_ahead():
        assert time_of(Foreign(), 10, start=Fraction(9, 10)) == memorization_time(
            Foreign(), 10, start=Fraction(9, 10)
        )
    assert not kept(own_cache)


def test_figures_are_the_same_bytes_wherever_they_are_computed(make_records: Any, tmp_path: Path) -> None:
    runs = make_records(losses=["cce", "mse", "rll(alpha=1/10)"], rates=[Fraction(2, 5)], seeds=2)
    only = ("memorization-time", "mean-field", "noise-tolerance")
    pages = []
    for turn, workers in enumerate((1, 1, 2)):  # computed, kept, elsewhere
        if turn == 2:
            for file in kept(tmp_path / "cache" / ahead.FOLDER):
                file.unlink()
        paths = write_figures(runs, tmp_path / str(turn), only=only, formats=["svg"], workers=workers)
        pages.append([path.read_bytes() for path in paths])
        assert [path.stem for path in paths[1:]] == ["synthetic-mean-field", "noise-tolerance", "figures"]
    assert pages[0] == pages[1] == pages[2]
