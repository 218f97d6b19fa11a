from __future__ import annotations

import html
import html.parser
import itertools
import json
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from lossmatters.paper import statistics
from lossmatters.paper.figures import FIGURES, write_figures
from lossmatters.paper.report import write_report
from lossmatters.paper.statistics import grid
from lossmatters.paper.tables import comparison_table, loss_table
from lossmatters.proofs_checks.claim import Status
from lossmatters.proofs_checks.formal.theorems import theorems
from lossmatters.theory.losses import get

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
VOID = {"meta", "img", "input", "br", "link"}


def make_ledger():
    """One claim of each status, and one whose words try to break out of the page."""
    claims = [
        {
            "id": f"S{i}",
            "title": f"claim {i}",
            "statement": r"For all $K \geq 2$, $S(u) = C$.",
            "assumes": ["$u$ in the simplex"],
            "source": "invented",
            "status": status.value,
            "evidence": [
                {
                    "method": "exact",
                    "status": status.value,
                    "scope": "K = 3",
                    "detail": f"detail of {i}",
                    "witness": {"u": ["1/2", "1/2"], "S_u": "3"} if status is Status.REFUTED else None,
                    "twin": {"says": f"twin {i}", "rejected": True},
                }
            ],
        }
        for i, status in enumerate(Status)
    ]
    bad = {
        "method": HOSTILE,
        "status": "refuted",
        "scope": HOSTILE,
        "detail": HOSTILE,
        "witness": {HOSTILE: [HOSTILE]},
    }
    hostile = {
        "title": HOSTILE,
        "statement": f"{HOSTILE} ${HOSTILE}$",
        "source": HOSTILE,
        "assumes": [HOSTILE],
    }
    claims.append({"id": 'X"><script>', **hostile, "status": "refuted", "evidence": [bad]})
    return {"claims": claims, "provenance": {"versions": {"python": "0.0"}, "note": HOSTILE}}


class Page(html.parser.HTMLParser):
    """Every element with its attributes, and whether elements nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open[-1:] == [tag], f"</{tag}> does not close what is open"
        self.open.pop()


@pytest.fixture(autouse=True, scope="module")
def one_loss_table(svg_only):
    """The table of losses is the same in every report: decide the losses once."""
    import lossmatters.paper.report as report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "loss_table", cache(loss_table))
        yield


@pytest.fixture(scope="module")
def few(make_records):
    """Enough for a headline, and quick to draw."""
    return make_records(losses=["cce", "rll(alpha=1/10)"], rates=[Fraction(2, 5)], seeds=2, epochs=5)


@pytest.fixture(scope="module")
def figures_dir(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("figures")
    write_figures(records, folder)
    return folder


@pytest.fixture(scope="module")
def text(tmp_path_factory, records, figures_dir):
    path = write_report(make_ledger(), records, figures_dir, tmp_path_factory.mktemp("report"))
    assert path.name == "index.html"
    assert [p.name for p in path.parent.iterdir()] == ["index.html"]  # one file, and no leftovers
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_elements_nest_and_ids_are_unique(page):
    assert not page.open
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_nothing_is_loaded_from_elsewhere(text, page):
    for tag, attrs in page.elements:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base"}
        for key in ("src", "href", "srcset", "data", "action"):
            value = attrs.get(key, "#")
            assert value.startswith(("#", "data:image/svg+xml;base64,")), (tag, key, value[:80])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    assert "url(" not in style.group(1)
    assert "@import" not in style.group(1)
    assert "http://" not in text
    assert "https://" not in text


def test_hostile_words_stay_words(text, page):
    assert "<script" not in text
    assert "&lt;script&gt;alert" in text
    for _, attrs in page.elements:
        assert not any(key.startswith("on") for key in attrs)


@pytest.mark.parametrize("claim", make_ledger()["claims"][:-1], ids=lambda c: c["status"])
def test_every_claim_is_there_with_its_status_in_words(text, claim):
    article = re.search(rf'<article class="[^"]*" id="claim-{claim["id"]}">(.*?)</article>', text, re.DOTALL)
    assert article
    header = article.group(1).partition("</header>")[0]
    assert f">{claim['status']}</span>" in header
    assert "<math" in article.group(1)
    assert f"Rejects the false twin: {claim['evidence'][0]['twin']['says']}" in article.group(1)


def test_what_does_not_hold_is_listed_before_the_ledger(text):
    section = text[text.index('id="unsettled"') : text.index('id="ledger"')]
    for claim in make_ledger()["claims"][:-1]:
        listed = f'href="#claim-{claim["id"]}"' in section
        assert listed == (not Status(claim["status"]).holds)
    assert section.index("refuted") < section.index("not yet checked")


def test_claims_can_be_hidden_by_status_and_by_what_they_are_about(text, page):
    boxes = {
        attrs["id"].removeprefix("show-") for tag, attrs in page.elements if attrs.get("type") == "checkbox"
    }
    classes = {name for _, attrs in page.elements for name in attrs.get("class", "").split()}
    assert {"kind-symmetry-of-losses", "kind-other-claims", "proved", "not-yet-checked"} <= boxes
    for box in boxes:
        hidden = box if box.startswith("kind-") else f"is-{box}"
        assert hidden in classes
        assert f"body:has(#show-{box}:not(:checked)) ." in text


def test_the_contents_lead_to_what_is_there(page):
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    links = [attrs["href"] for tag, attrs in page.elements if tag == "a"]
    assert {"#ledger", "#kind-symmetry-of-losses"} <= set(links)
    assert {link.removeprefix("#") for link in links} <= ids


def test_a_claim_shows_where_it_stands_in_the_code_and_its_theorems_as_stated(text):
    known = [t for t in theorems() if "S1" in t.claims]
    article = re.search(r'<article class="[^"]*" id="claim-S1">(.*?)</article>', text, re.DOTALL)[1]
    assert "theory/symmetry/" in article
    assert known
    for theorem in known:
        assert f"Theorem {theorem.name}{theorem.statement}</pre>" in html.unescape(article)
    unknown = re.search(r'<article class="[^"]*" id="claim-X[^"]*">(.*?)</article>', text, re.DOTALL)[1]
    assert "theory/" not in unknown
    assert "Theorem" not in unknown


def test_set_ups_stand_side_by_side(make_records):
    groups = {
        name: make_records(losses=["cce", loss], rates=[Fraction(2, 5)], seeds=2, epochs=5)
        for name, loss in (("one", "mse"), ("two", "mae"))
    }
    table = comparison_table(groups)
    assert len(table.header) == 3
    ((_, rows),) = table.groups
    cells = {row[0]: row[1:] for row in rows}
    assert len(cells) == 3  # cce in both, mse and mae in one each
    assert sorted(row.count("\N{EN DASH}") for row in cells.values()) == [0, 1, 1]
    final = grid(groups["one"])[get("cce").spec, Fraction(2, 5)].final("noisy_train_accuracy").mean
    (common,) = [row for row in cells.values() if "\N{EN DASH}" not in row]
    assert common[0].startswith(f"{100 * final:.1f} / ")


def test_a_check_that_accepts_its_twin_is_denounced(records, figures_dir, tmp_path):
    ledger = make_ledger()
    ledger["claims"][0]["evidence"][0]["twin"]["rejected"] = False
    text = write_report(ledger, records, figures_dir, tmp_path).read_text(encoding="utf-8")
    assert "Checks that cannot be trusted" in text
    assert "Fails to reject the false twin: twin 0" in text


def test_page_is_accessible(text, page):
    assert '<html lang="en">' in text
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), "a level of headings is skipped"
    for tag, attrs in page.elements:
        if tag == "img":
            assert attrs.get("alt")
        if tag == "th":
            assert attrs.get("scope")
    assert any(tag == "meta" and attrs.get("name") == "viewport" for tag, attrs in page.elements)


def test_colours_have_contrast():
    from importlib.resources import files

    css = (files("lossmatters.paper") / "templates" / "report.css").read_text(encoding="utf-8")
    for block in (css[: css.index("@media (prefers")], css[css.index("@media (prefers") : css.index("* {")]):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        pairs = [
            ("ink", "ground"),
            ("soft", "ground"),
            ("soft", "card"),
            ("link", "ground"),
            ("link", "card"),
        ]
        pairs += [(f"{kind}-ink", kind) for kind in ("good", "bad", "open", "none")]
        for ink, ground in pairs:
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_figures_are_inline_with_caption_and_n(text, figures_dir):
    manifest = json.loads((figures_dir / "figures.json").read_text(encoding="utf-8"))
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert len(captions) == text.count("<img ") == len(manifest["figures"])
    assert sum("n\u00a0=\u00a03 seeds" in caption for caption in captions) == len(
        [spec for spec in FIGURES if spec.over == "set-up"]
    )


def test_numbers_come_from_the_records(few, tmp_path):
    def words(records, name):
        path = write_report(make_ledger(), records, tmp_path / f"{name}-figures", tmp_path / name)
        return re.sub(r'src="[^"]*"', "", path.read_text(encoding="utf-8"))

    last = {"clean_train_accuracy": 0.1234, "test_accuracy": 0.5678}
    changed = [
        replace(r, curves={**r.curves, **{k: [*r.curves[k][:-1], v] for k, v in last.items()}}) for r in few
    ]
    before, after = words(few, "before"), words(changed, "after")
    for number in ("12.3", "56.8"):
        assert number not in before
        assert number in after


def test_figures_of_other_records_are_drawn_anew(few, tmp_path):
    write_figures(few[:3], tmp_path / "figures", formats=["svg", "png"])
    files = [tmp_path / "figures" / f"synthetic-curves.{kind}" for kind in ("svg", "png")]
    before = [file.read_bytes() for file in files]
    write_report(make_ledger(), few, tmp_path / "figures", tmp_path)
    assert all(file.read_bytes() != old for file, old in zip(files, before, strict=True))


def test_runs_that_diverged_are_counted_and_shown_in_no_table(few, tmp_path):
    lost = [
        replace(r, seed=r.seed + 100, curves={**r.curves, "train_loss": [float("nan")] * r.epochs})
        for r in few[:2]
    ]
    page = write_report(make_ledger(), [*few, *lost], tmp_path / "figures", tmp_path).read_text("utf-8")
    assert f"2 of {len(few) + 2} runs diverged" in page
    assert "seed 100 in epoch 1" in page
    whole = write_report(make_ledger(), few, tmp_path / "figures2", tmp_path / "whole").read_text("utf-8")
    results = [re.search(r'<section id="results".*?</table>', text, re.S).group() for text in (page, whole)]
    assert results[0] == results[1]
    assert "diverged:" not in whole


def test_no_records(tmp_path):
    text = write_report(make_ledger(), [], tmp_path / "figures", tmp_path).read_text(encoding="utf-8")
    assert "There are no records" in text
    assert "Not drawn" in text
    assert "needs " in text
    # what stands in the page, and no other format of it, which would take longer than all the rest
    assert {file.suffix for file in (tmp_path / "figures").iterdir()} == {".svg", ".json"}


@pytest.mark.parametrize(
    ("ledger", "message"),
    [([], "ledger must be"), ({}, "ledger must be"), ({"claims": [{"status": "proved"}]}, "claim must be"),
     ({"claims": [{"id": "S1", "status": "true"}]}, "status of S1 must be one of .* got status='true'")],
)  # fmt: skip
def test_bad_ledgers(tmp_path, ledger, message):
    with pytest.raises(ValueError, match=message):
        write_report(ledger, [], tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())


def _contrast(first, second):
    """The contrast ratio of WCAG 2."""

    def luminance(colour):
        channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_each_grid_is_built_once(few, tmp_path, monkeypatch):
    """Figures, captions, findings and tables ask for the same ones; more records would make it a minute."""
    built = []

    build = statistics._grid

    def counted(records):
        built.append(tuple(map(id, records)))
        return build(records)

    monkeypatch.setattr(statistics, "_grid", counted)
    write_report(make_ledger(), few, tmp_path / "figures", tmp_path)
    assert built
    assert len(set(built)) == len(built)
    built.clear()
    grid(few), grid(few)  # a list may have changed meanwhile
    assert len(built) == 2
