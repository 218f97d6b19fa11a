"""The paper: its numbers come from records and the ledger, its sources compile, its archive is the same."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from importlib.resources import files
from pathlib import Path

import pytest

from lossmatters.paper.article import build, numbers, write_article
from lossmatters.paper.article.latex import escaped, prose
from lossmatters.paper.setups import setups
from lossmatters.proofs_checks.claims import CLAIMS

TEXT = (files("lossmatters.paper.article") / "paper.tex").read_text(encoding="utf-8")
BIBLIOGRAPHY = (files("lossmatters.paper.article") / "references.bib").read_text(encoding="utf-8")
LEDGER = {
    "claims": [
        {
            "id": claim.id,
            "title": claim.title,
            "statement": claim.statement,
            "status": "not yet checked",
            "evidence": [{"method": "symbolic", "status": "not yet checked"}],
        }
        for claim in CLAIMS
    ]
}


def results_typed_in(text: str) -> list[str]:
    """Return the decimals and percentages of a text, which only a result would be."""
    body = text[text.index(r"\begin{document}") :]
    body = re.sub(r"\\val\{[^}]*\}|\\includegraphics\[[^]]*\]|\\begin\{tabular\}\{[^\n]*", "", body)
    return re.findall(r"\d+\.\d+|\d+\s*(?:\\%|percent)", body)


def test_no_result_is_typed_in():
    assert results_typed_in(TEXT) == []
    assert results_typed_in(
        TEXT.replace("are proved,", "are proved, $J_1 = 0.97$ and 61\\% or 5 percent,")
    ) == [
        "0.97",
        "61\\%",
        "5 percent",
    ]


@pytest.fixture(scope="module")
def kept():
    from lossmatters.empirics.records import read

    return read(Path(str(files("lossmatters.paper"))) / "records")


def test_every_key_of_the_text_has_a_value(kept):
    """With the records that are kept; MSE and NMSE were left out on the small network on MNIST."""
    found = numbers.values(LEDGER, kept)
    asked = set(re.findall(r"\\val\{([^}#]+)\}", TEXT)) | {
        f"status/{c}" for c in re.findall(r"\\claim\{([^}#]+)\}", TEXT)
    }
    absent = {key for key in asked - set(found) if not key.startswith("claims/")}
    assert {key for key in absent if not re.match(r"cpu-cnn/n?mse/", key)} == set()
    assert len(asked) > 60


def test_every_reference_is_cited_and_every_citation_known():
    known = set(re.findall(r"@\w+\{(\w+),", BIBLIOGRAPHY))
    cited = {key for group in re.findall(r"\\cite[pt]?\{([^}]*)\}", TEXT) for key in group.split(",")}
    assert cited == known


def test_the_sources_are_written_and_packed_alike(tmp_path, make_records):
    records = make_records()
    folder = write_article(LEDGER, records, tmp_path)
    first, second = build._packed(folder), build._packed(folder)
    assert first == second
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        names = set(tar.getnames())
    assert {"paper.tex", "references.bib", "numbers.tex", "results.tex", "ledger.tex"} <= names
    found = numbers.values(LEDGER, records)
    for name in setups(records):
        assert found[f"{name}/cce/0.4/J1"] in (folder / "numbers.tex").read_text()
    assert (folder / "ledger.tex").read_text().count(r"\\") >= len(CLAIMS)


def test_without_latex_it_says_what_to_install(tmp_path, make_records, monkeypatch):
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    article = build.build_article(LEDGER, make_records(), tmp_path)
    assert article.pdf is None
    assert "apt-get install latexmk" in article.problem
    assert article.archive.is_file()


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="needs LaTeX")
def test_it_compiles_without_overfull_boxes_or_undefined_references(tmp_path, make_records):
    article = build.build_article(LEDGER, make_records(), tmp_path)
    assert article.pdf is not None
    log = (tmp_path / "build" / "paper.log").read_text(errors="replace")
    assert not re.search(r"undefined|multiply defined", log)
    assert "Overfull" not in log
    assert article.pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b & 5% #1 {x} ~ ^", r"a\_b \& 5\% \#1 \{x\} \textasciitilde{} \textasciicircum{}"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("\N{GREEK SMALL LETTER ETA} \N{SNOWMAN}", r"$\eta$ ?"),
    ],
)
def test_text_is_escaped(text, shown):
    assert escaped(text) == shown


def test_mathematics_that_could_read_a_file_is_text():
    assert prose(r"$\frac12$") == r"$\frac12$"
    for hostile in (r"$\input{/etc/passwd}$", r"$\write18{x}$", "$}\\def{$", r"$\csname input\endcsname$"):
        assert "$\\" not in prose(hostile).replace("\\$", "")
