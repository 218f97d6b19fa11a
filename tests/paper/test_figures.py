from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import zlib
from dataclasses import replace
from fractions import Fraction

import matplotlib
import pytest
from matplotlib.figure import Figure

from lossmatters.paper.figures import FIGURES, MissingData, write, write_figures
from lossmatters.paper.figures.formats import render
from lossmatters.paper.setups import setups

BY_NAME = {spec.name: spec for spec in FIGURES}


@pytest.fixture(scope="module")
def drawn(records_for):
    return {spec.name: spec.draw(records_for(spec.over)) for spec in FIGURES}


def test_names_are_unique_and_declared():
    assert len(BY_NAME) == len(FIGURES)
    for spec in FIGURES:
        assert spec.title
        assert spec.caption
        assert spec.needs
        assert spec.alt


@pytest.mark.parametrize("name", BY_NAME)
def test_figures_are_figures_with_labelled_axes(drawn, name):
    figure = drawn[name]
    assert isinstance(figure, Figure)
    assert figure.axes
    words = " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))
    assert "%" in words or "u_y" in words  # every axis of measurements has its unit


@pytest.mark.parametrize("name", BY_NAME)
def test_width_is_that_of_one_column_or_two(drawn, name):
    assert drawn[name].get_size_inches()[0] in (3.3, 6.9)


@pytest.mark.parametrize("name", BY_NAME)
def test_drawing_changes_neither_records_nor_settings(records_for, name):
    records = records_for(BY_NAME[name].over)
    before, settings = copy.deepcopy(records), dict(matplotlib.rcParams)
    BY_NAME[name].draw(records)
    assert records == before
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("name", [spec.name for spec in FIGURES if spec.over != "theory"])
def test_without_records_there_is_a_reason_and_no_figure(name):
    with pytest.raises(MissingData, match="needs "):
        BY_NAME[name].draw([])


def test_missing_data_skips_one_figure_and_writes_the_rest(make_records, tmp_path):
    skipped = {}
    runs = make_records(losses=["cce", "nce"], rates=[Fraction(0)], seeds=2)
    paths = write_figures(runs, tmp_path, lambda name, reason: skipped.update({name: reason}))
    lacking = ("plane", "alpha", "memorization-time", "mean-field", "warm-starts", "regularisers")
    assert set(skipped) == {f"synthetic-{name}" for name in lacking}
    assert "alpha" in skipped["synthetic-alpha"]
    assert "found 0" in skipped["synthetic-alpha"]
    stems = {p.stem for p in paths if p.suffix == ".pdf"}
    assert stems == {"synthetic-curves", "synthetic-final", "loss-curves", "noise-tolerance"}
    assert set(tmp_path.iterdir()) == set(paths)
    manifest = json.loads((tmp_path / "figures.json").read_text())
    assert {s["name"] for s in manifest["skipped"]} == set(skipped)


def test_no_records_at_all_leaves_the_figure_of_the_theory(tmp_path):
    paths = write_figures([], tmp_path)
    assert {p.stem for p in paths} == {"loss-curves", "noise-tolerance", "figures"}


def test_pdf_embeds_truetype_and_no_date(drawn):
    data = render(drawn["final"], "pdf")
    text = data + b"".join(_streams(data))
    assert b"/FontFile2" in text
    assert b"/Type3" not in text
    assert b"CreationDate" not in text
    assert b"ModDate" not in text


@pytest.mark.parametrize("kind", ["pdf", "png", "svg"])
def test_the_same_records_give_the_same_bytes(records, kind):
    spec = BY_NAME["alpha"]
    first, second = (render(spec.draw(records), kind) for _ in range(2))
    assert first == second


def test_png_has_200_dots_per_inch(drawn):
    import io

    from PIL import Image

    figure = drawn["alpha"]
    with Image.open(io.BytesIO(render(figure, "png"))) as image:
        assert image.width == round(200 * figure.get_size_inches()[0])


def test_one_seed_is_drawn_without_a_band_and_says_so(make_records):
    runs = make_records(losses=["cce"], seeds=1)
    spec = BY_NAME["curves"]
    axes = spec.draw(runs).axes[0]
    assert not axes.collections  # bands are collections
    assert axes.lines
    assert "n = 1 seed (no interval)" in spec.describe(runs)
    assert BY_NAME["curves"].draw(make_records(losses=["cce"], seeds=2)).axes[0].collections


def test_the_plane_enlarges_what_ends_near_the_resister_and_nothing_else(make_records):
    runs = make_records(losses=["cce", "rll(alpha=1/10)"], rates=[Fraction(2, 5)], seeds=1)
    below = [axes.get_title() for axes in BY_NAME["plane"].draw(runs).axes]
    assert below == ["η = 0.4", "the framed part, enlarged"]

    def slow(run):
        names = ("noisy_train_accuracy", "clean_train_accuracy")
        return replace(run, curves={**run.curves, **{n: [v / 4 for v in run.curves[n]] for n in names}})

    far = [slow(run) if run.loss.startswith("rll") else run for run in runs if run.start is None]
    figure = BY_NAME["plane"].draw(far)
    assert [axes.get_title() for axes in figure.axes] == ["η = 0.4"]
    assert "end of each seed" not in {text.get_text() for text in figure.legends[0].get_texts()}


@pytest.mark.parametrize(("others", "panels"), [(1, 2), (2, 4), (3, 4)])
def test_predicted_paths_leave_no_row_empty_and_show_their_epochs(make_records, others, panels):
    losses = ["cce", "rll(alpha=1/10)", "nmse", "mse"][: others + 1]
    runs = [run for run in make_records(losses=losses, rates=[Fraction(2, 5)], seeds=1) if run.start is None]
    _, *paths = BY_NAME["mean-field"].draw(runs).axes
    assert len(paths) == panels
    shown = [axes for axes in paths if axes.axison]
    assert len(shown) == others + 1
    for axes in shown:
        place = axes.get_subplotspec()
        beneath = [a for a in shown if a.get_subplotspec().colspan == place.colspan and a is not axes]
        lowest = all(a.get_subplotspec().rowspan.start < place.rowspan.start for a in beneath)
        assert lowest == axes.xaxis.get_tick_params()["labelbottom"]


def test_intervals_are_clipped_where_they_are_drawn(make_record):
    def run(seed, value):
        base = make_record(seed=seed, epochs=2)
        return replace(base, curves={k: [value, value] for k in base.curves})

    axes = BY_NAME["curves"].draw([run(0, 1.0), run(1, 0.5)]).axes[0]
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() >= 0
    assert heights.max() <= 100


@pytest.mark.parametrize("name", [spec.name for spec in FIGURES if spec.over != "theory"])
def test_captions_say_n_and_the_setup(records_for, name):
    caption = BY_NAME[name].describe(records_for(BY_NAME[name].over))
    assert "n = 3 seeds" in caption
    assert "40 epochs" in caption
    assert not re.search(r"\{\w+\}", caption)


def test_setups_get_files_of_their_own(make_record, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "FORMATS", ("svg",))
    runs = [make_record(), make_record(experiment="b")]
    stems = {p.stem for p in write_figures(runs, tmp_path)}
    assert {f"{name}-curves" for name in setups(runs)} <= stems


def test_variants_stand_in_a_figure_of_their_own(variant_records, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "FORMATS", ("svg",))
    runs = [r for r in variant_records if r.loss in ("cce", "mae")]
    stems = {p.stem for p in write_figures(runs, tmp_path) if p.suffix == ".svg"}
    assert "synthetic-regularisers" in stems
    assert "synthetic-curves" in stems
    assert not any("dropout" in stem for stem in stems)


def test_variants_are_compared_with_runs_as_long_at_their_noise_rate(variant_records):
    def rows(runs):
        axes = BY_NAME["regularisers"].draw(runs).axes[0]
        return [label.get_text() for label in axes.get_yticklabels()]

    found = rows(variant_records)
    assert found[:3] == [
        f"CCE, η = 0.4, {name}" for name in ("no regulariser", "dropout", "all regularisers")
    ]
    assert found[3] == "CCE, η = 0.4, main set-up"
    assert len(found) == 3 + 6  # the main losses, at one rate of four
    longer = [r for r in variant_records if r.variant] + [
        replace(r, curves={k: [*v, v[-1]] for k, v in r.curves.items()})
        for r in variant_records
        if not r.variant
    ]
    assert rows(longer) == found[:3]


def test_figures_never_load_torch_or_pyplot():
    code = (
        "import sys\nfrom lossmatters.paper import figures, findings, report, tables\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib at import'\n"
        "figures.FIGURES[-1].draw([])\n"
        "bad = [m for m in ('torch', 'matplotlib.pyplot') if m in sys.modules]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _streams(data: bytes) -> list[bytes]:
    out = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            out.append(zlib.decompress(match.group(1)))
        except zlib.error:
            continue
    return out


def test_warm_starts_show_what_they_go_on_from(make_record):
    """A row a pair, hollow before and filled after; no risks where the loss is not symmetric."""
    cold = [make_record(loss=loss, seed=s) for loss in ("cce", "nmse") for s in range(3)]
    rows = [
        make_record(loss=b, seed=s, start=a) for a, b in (("cce", "nmse"), ("nmse", "cce")) for s in range(3)
    ]
    spec = BY_NAME["warm-starts"]
    left, right = spec.draw(cold + rows).axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["CCE → NMSE", "NMSE → CCE"]
    points = {
        (round(x, 6), c == "white")
        for line in left.lines
        for x, c in [(line.get_xdata()[0], line.get_markerfacecolor())]
    }
    before = 100 * sum(r.final["noisy_train_accuracy"] for r in cold[:3]) / 3
    assert (round(before, 6), True) in points
    assert "not symmetric" in " ".join(t.get_text() for t in right.texts)
    # own labels far left of fresh ones, which stand where R1 says
    at = {line.get_marker(): line.get_xdata()[0] for line in right.lines if line.get_marker() in "sD|"}
    assert at["s"] < at["D"] / 10
    assert at["D"] == pytest.approx(at["|"], rel=1e-12)
    # C = 0 is no unit; labels that are fitted exactly cost 0, which a logarithmic axis cannot show
    other = [make_record(loss="logit-unhinged", seed=s, start="cce") for s in range(3)]
    exact = [replace(r, risks={**r.risks, "own_labels": 0.0}) for r in rows]
    _, right = spec.draw(cold + exact + other).axes
    assert "$C$ is not above 0: no unit" in [t.get_text() for t in right.texts]
    assert {line.get_marker() for line in right.lines} >= {"D", "|"}
    assert "s" not in {line.get_marker() for line in right.lines}
    with pytest.raises(MissingData, match="needs warm starts"):
        spec.draw(cold)
    with pytest.raises(MissingData, match="needs warm starts"):
        spec.draw(rows)
