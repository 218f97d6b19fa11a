"""Figures of a reader's own: chosen, sized, styled, drawn into an axis, and of labels as annotated."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from fractions import Fraction

import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure

from lossmatters import main
from lossmatters.empirics import records as record_files
from lossmatters.paper.figures import FIGURES, curves, formats, plane, tolerance, write_figures
from lossmatters.paper.figures.look import DOUBLE, page, width_of
from lossmatters.paper.findings import findings
from lossmatters.paper.tables import results_table

RATE = Fraction(2, 5)
OWN = ("cce", "rll(alpha=1/10)", "mine.py:Loss")


def as_annotated(record):
    """The same run, had nobody known the clean labels."""
    unknown = dict.fromkeys(
        ("clean_train_accuracy", "memorization_rate", "recovery_rate"), [None] * record.epochs
    )
    noise = {"kind": "annotated", "draw": "given", "rate": None, "realised_rate": None}
    return replace(record, noise=noise, curves={**record.curves, **unknown}, risks=None, classes=None)


@pytest.fixture
def own(make_records):
    return make_records(losses=OWN, rates=[RATE], seeds=2)


def test_what_was_asked_for_is_drawn_and_nothing_else(own, tmp_path):
    paths = write_figures(own, tmp_path, only=["curves", "final"], formats=["svg", "svg"], width=3.25)
    assert [p.name for p in paths] == ["synthetic-curves.svg", "synthetic-final.svg", "figures.json"]
    for path in paths[:2]:
        assert 'width="234pt"' in path.read_text()  # 3.25 inches of 72 points
    manifest = json.loads((tmp_path / "figures.json").read_text())
    assert [entry["figure"] for entry in manifest["figures"]] == ["curves", "final"]


@pytest.mark.parametrize("name", [spec.name for spec in FIGURES])
def test_every_figure_has_the_width_that_was_asked_for(name, records_for):
    (spec,) = (spec for spec in FIGURES if spec.name == name)
    with page(width=4.5):
        assert spec.draw(records_for(spec.over)).get_figwidth() == 4.5
    assert width_of(DOUBLE) == DOUBLE


def test_a_style_of_ones_own_lies_on_top_and_does_not_stay(own, tmp_path):
    style = tmp_path / "my.mplstyle"
    style.write_text("# mine\nlines.linewidth: 3.5\naxes.facecolor: FFEEDD\n")
    with page(style=style):
        axes = curves.draw(own).axes[0]
        assert axes.lines[0].get_linewidth() == 3.5
        assert axes.get_facecolor()[:3] == pytest.approx((1, 0.933, 0.867), abs=0.001)
    assert curves.draw(own).axes[0].lines[0].get_linewidth() == 1.1
    assert rcParams["lines.linewidth"] != 3.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "curve"], "only must be of curves, plane, .*got only='curve'; did you mean curves"),
        (["--format", "gif"], "format must be of pdf, png, svg, eps, pgf, got format='gif'"),
        (["--width", "0.1"], r"width must be in \[1.5, 40\] inches, got width=0.1"),
        (["--style", "none.mplstyle"], "style must be a file that can be read"),
        (
            ["--style", "{dir}/bad.mplstyle"],
            "style must be a file of matplotlib's settings, got style='line.width: 3 in",
        ),
        (
            ["--style", "{dir}/worse.mplstyle"],
            r"style must be a file of matplotlib's settings \(.*, got style=",
        ),
    ],
)
def test_what_cannot_be_is_one_line(options, message, own, tmp_path, capsys):
    (tmp_path / "bad.mplstyle").write_text("line.width: 3\n")
    (tmp_path / "worse.mplstyle").write_text("lines.linewidth: thick\n")
    record_files.append(tmp_path / "mine.jsonl", own)
    where = ["--records", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path)]
    asked = ["figures", *where, *(word.format(dir=tmp_path) for word in options)]
    with pytest.raises(SystemExit) as stop:
        main(asked)
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert error.count("\n") == 1
    with pytest.raises(ValueError, match=message):
        raise ValueError(error)


def test_a_figure_with_one_axis_is_drawn_into_ones_own(own, monkeypatch):
    monkeypatch.setattr(tolerance, "_rows", lambda: [])
    figure = Figure()
    first, second, third = figure.subplots(1, 3)
    assert curves.draw([r for r in own if r.loss == "mine.py:Loss"], ax=first) is figure
    assert plane.draw(own, ax=second) is figure
    assert tolerance.draw(ax=third) is figure
    assert {line.get_label() for line in first.lines} >= {"$J_1$, η = 0.4", "$J_2$, η = 0.4"}
    names = [text.get_text() for text in second.legend().get_texts()]
    assert [name.partition(" ")[0] for name in names] == ["CCE", "RLL", "Loss"]
    assert len(figure.axes) == 3


def test_an_axis_for_several_panels_is_refused(own, make_records):
    axes = Figure().subplots()
    with pytest.raises(ValueError, match="losses of the records must be one where ax is given, got 3"):
        curves.draw(own, ax=axes)
    with pytest.raises(ValueError, match="noise rates of the records must be one where ax is given, got 2"):
        plane.draw(make_records(rates=[RATE, Fraction(1, 5)]), ax=axes)


def test_a_rate_that_is_none_of_the_usual_is_drawn_where_there_is_no_other(make_records):
    axes = plane.draw(make_records(losses=OWN, rates=[Fraction(4, 15)], seeds=2)).axes
    assert axes[0].get_title() == "η = 4/15"


def test_of_labels_as_annotated_only_j1_is_drawn(own, tmp_path):
    found = [as_annotated(record) for record in own]
    axes = curves.draw(found).axes[0]
    assert [line.get_label() for line in axes.lines] == ["$J_1$, η unknown"]
    skipped = {}
    paths = write_figures(found, tmp_path, lambda name, why: skipped.update({name: why}), formats=["svg"])
    assert {p.stem for p in paths} >= {"synthetic-curves", "synthetic-final"}
    assert "synthetic-plane" in skipped
    assert "Nobody knows which labels are wrong" in findings(found).headline
    assert "η unknown" in str(results_table(found))
    assert "$J_2$, η = 0.4" in {line.get_label() for line in curves.draw(own).axes[0].lines}


@pytest.mark.skipif(not any(map(shutil.which, formats.TEX)), reason="pgf needs LaTeX")
def test_pgf_names_what_a_paper_must_load(own):
    text = formats.render(curves.draw(own[:2]), "pgf").decode()
    assert r"\newunicodechar{η}" in text
    assert r"\begin{pgfpicture}" in text


def test_pgf_without_latex_is_refused(monkeypatch):
    monkeypatch.setattr(formats.shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="needs no LaTeX where there is none"):
        formats.check_formats(["pgf"])
    assert formats.check_formats(["pdf", "pdf", "png"]) == ("pdf", "png")
