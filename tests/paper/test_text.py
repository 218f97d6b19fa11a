"""Prose, tables and findings."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from lossmatters.paper import names
from lossmatters.paper.figures.write import file_name
from lossmatters.paper.findings import findings
from lossmatters.paper.mathml import mathml, prose
from lossmatters.paper.names import loss_name, number
from lossmatters.paper.statistics import Estimate
from lossmatters.paper.tables import Table, loss_table, percent, results_table
from lossmatters.paper.witness import readable
from lossmatters.theory.losses import LOSSES, get

RATE = Fraction(2, 5)


@pytest.mark.parametrize(
    "hostile",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{color:red}{x}",
        r"\class{c}{x}",
        r"\id{i}{x}",
        r"\text{<b>}",
        "<script>",
    ],
)
def test_formulas_carry_no_links_styles_or_markup(hostile):
    html = str(prose(f"${hostile}$"))
    root = ElementTree.fromstring(f"<p>{html}</p>")
    for node in root.iter():
        assert node.tag == "p" or node.tag == "code" or node.tag.startswith("m")
        assert not {"href", "style", "class", "id"} & set(node.attrib)


@pytest.mark.parametrize("broken", [r"\frac{", "a_{", r"\nosuchcommand", "{"])
def test_what_is_no_latex_is_shown_as_it_stands(broken):
    assert mathml(broken) == f"<code>{broken}</code>"


def test_text_outside_formulas_is_escaped():
    assert str(prose("<b> & costs 5$")) == "&lt;b&gt; &amp; costs 5$"


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_formula_that_converts(name):
    assert str(mathml(LOSSES[name].latex)).startswith("<math")


def test_names_of_functions_stand_apart():
    assert '<mi>log</mi><mspace width="0.167em"></mspace>' in mathml(r"\log u")
    assert "mspace" not in mathml(r"\log(u)")


def test_bold_letters_are_characters():
    assert "\N{MATHEMATICAL BOLD CAPITAL I}" in mathml(r"\mathbf{I}")


@pytest.mark.parametrize(
    ("spec", "name"),
    [("cce", "CCE"), ("rll", "RLL (\u03b1 = 0.1)"), ("sce", "SCE"), ("sce(beta=2)", "SCE (\u03b2 = 2)"),
     ("some/file.py:MyLoss", "MyLoss"), ("no-such-loss", "no-such-loss"), ("gce(q=1/3)", "GCE (q = 1/3)")],
)  # fmt: skip
def test_names_of_losses(spec, name):
    assert loss_name(spec) == name


def test_numbers_are_short_and_exact():
    assert [number(Fraction(x)) for x in ("1/10", "1/3", "17/20", "2")] == ["0.1", "1/3", "0.85", "2"]


def test_percent():
    assert percent(None) == "\N{EN DASH}"
    assert percent(Estimate(0.5, float("-inf"), float("inf"), 1)) == "50.0"
    assert percent(Estimate(0.5, 0.4, 0.6, 3)) == "50.0 ± 10.0"
    assert percent(Estimate(0.998, 0.994, 1.002, 5)) == "99.8 ± 0.4*"
    assert percent(Estimate(0.001, -0.001, 0.003, 5)) == "0.1 ± 0.2*"


def test_markdown_keeps_bars_inside_cells():
    table = Table("t", ("a|b", "$|x|$"), (("g", (("1", "2"),)),), frozenset({1}))
    lines = table.to_markdown().splitlines()
    assert lines[2:] == [r"| a\|b | $\vert x\vert $ |", "|---|---:|", "| **g** |  |", "| 1 | 2 |"]


def test_html_table_has_headers_with_scope():
    html = str(Table("c<", ("a", "b"), (("g", (("1", "<i>"),)),)).to_html())
    assert '<th scope="col">a</th>' in html
    assert '<th scope="rowgroup" colspan="2">g</th>' in html
    assert '<th scope="row">1</th><td>&lt;i&gt;</td>' in html
    assert "<caption>c&lt;</caption>" in html


def test_loss_table_has_every_loss_with_its_verdict():
    rows = {row[0]: row for _, group in loss_table().groups for row in group}
    assert set(rows) == {cls.title for cls in LOSSES.values()}
    assert rows["RLL"][3] == "yes (proved)"
    assert r"\log" in rows["RLL"][5]
    assert rows["CCE"][3] == "no (refuted)"
    assert r"\infty" in rows["CCE"][6]


def test_results_table_has_a_row_for_each_loss_and_rate(records):
    table = results_table(records)
    assert [title for title, _ in table.groups] == ["η = 0", "η = 0.2", "η = 0.4", "η = 0.6"]
    for title, rows in table.groups:
        assert len(rows) == len({r.loss for r in records})
        m = [row[table.header.index("$M$")] for row in rows]
        assert (set(m) == {"\N{EN DASH}"}) == (title == "η = 0")  # M does not exist without noise


def _changed(records, loss, **finals):
    """The records with other last values for one loss."""
    return [
        replace(r, curves={**r.curves, **{k: [*r.curves[k][:-1], v] for k, v in finals.items()}})
        if r.loss == loss and r.noise_rate == RATE
        else r
        for r in records
    ]


def test_findings_follow_the_records(records):
    before = findings(records)
    j2 = {"clean_train_accuracy": 0.123, "noisy_train_accuracy": 0.456}
    after = findings(_changed(records, "rll(alpha=1/10)", **j2))
    assert "12.3" not in before.headline
    assert "12.3" in after.headline
    assert "45.6" in after.headline
    at_rate = next(line for line in after.holds if line.startswith("η = 0.4"))
    assert "RLL (\u03b1 = 0.1)" in at_rate.partition("$J_1 > J_2$ for")[2]


def test_one_run_decides_no_side(make_records):
    found = findings(make_records(losses=["cce", "rll"], seeds=1))
    assert "n = 1 seed (no interval)" in found.headline
    assert "is not decided" in found.headline
    assert all("not decided for" in line for line in found.holds)


def test_a_lost_class_is_held_against_a_loss(records):
    found = findings(_changed(records, "mae", min_class_recall=0.0))
    assert any("MAE (3 of 3 runs)" in line and "η = 0.4" in line for line in found.fails)


def test_underfitting_is_said(make_record):
    runs = [
        make_record(loss="mae", rate=Fraction(0), seed=s, epochs=2) for s in range(3)
    ]  # two epochs: no fit
    assert any("Underfitting" in line and "MAE" in line for line in findings(runs).fails)


def test_early_stopping_stands_beside_the_advantage(records):
    assert any("early-stopping" in line for line in findings(records).fails)


def test_no_altered_labels_means_no_finding(make_records):
    assert "nothing can be said" in findings(make_records(losses=["cce"], rates=[Fraction(0)])).headline


def test_findings_need_records():
    with pytest.raises(ValueError, match="records must be at least one"):
        findings([])


def test_witness_is_readable():
    html = str(
        readable({"u": ["1/3", "2/3"], "S_u": 1.23456789, "ok": True, "parts": [{"a": None}], "x": "<b>"})
    )
    for part in ("(1/3, 2/3)", "1.23457", "<dt>S(u)</dt>", "yes", "none", "&lt;b&gt;"):
        assert part in html
    assert "and 5 more" in readable(list(range(45)))


def test_a_name_from_a_record_imports_nothing_and_opens_no_formula(tmp_path, monkeypatch):
    """Records are foreign input: the file and the module that they name are left alone."""
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w').close()\ndef loss(z, y): return z[:, 0]\n"
    (tmp_path / "evil.py").write_text(code)
    (tmp_path / "evil_module.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    for spec in (
        "evil.py:loss",
        "evil_module:loss",
        f"{tmp_path}/evil.py:loss",
        "a$b$",
        "(" * 400,
        "x" * 10**5,
    ):
        assert names.loss_of(spec) is None
        assert len(names.loss_name(spec)) <= 62
        assert "$" not in names.loss_name(spec).replace(r"\$", "")
    assert not ran.exists()
    assert get("evil_module:loss") is not None  # which is how it would have run
    assert ran.exists()


def test_a_file_of_a_figure_stays_in_its_folder():
    for name in ("../x", "/etc/x", "a/../../b", "..", "", "<b>", "C:\\x", "x\0"):
        assert re.fullmatch(r"[\w+=-]+", file_name(name))
    assert file_name("cpu-cnn-curves") == "cpu-cnn-curves"
