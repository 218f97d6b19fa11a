"""Write the article's folder from records and the ledger, pack it, and compile it where there is LaTeX."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from lossmatters.empirics.records import Record
from lossmatters.paper.article.latex import escaped, prose, tabular
from lossmatters.paper.article.numbers import macros, values
from lossmatters.paper.figures.declaration import MissingData
from lossmatters.paper.figures.formats import render
from lossmatters.paper.figures.write import FIGURES
from lossmatters.paper.setups import families, main_setups
from lossmatters.paper.tables import Table, results_table
from lossmatters.theory.files import write_whole

SOURCES = ("paper.tex", "references.bib")
INSTALL = (
    "there is no latexmk or tectonic; on Debian: apt-get install latexmk texlive-latex-extra "
    "texlive-fonts-recommended"
)
COLUMNS = (0, 1, 2, 3, 4, 6, 7)  # of the table of results: without the best epoch's number and the recalls
TIMEOUT = 300  # seconds for LaTeX


@dataclass(frozen=True)
class Article:
    """What was written.

    Attributes
    ----------
    folder : Path
        The LaTeX sources with their figures and tables.
    archive : Path
        The same as arXiv takes it.
    pdf : Path or None
        The paper; None where it could not be compiled.
    problem : str
        Why it could not be, in one line; empty where it could.
    """

    folder: Path
    archive: Path
    pdf: Path | None
    problem: str = ""


def write_article(ledger: dict[str, Any], records: Sequence[Record], out_dir: str | os.PathLike[str]) -> Path:
    """Write the folder of LaTeX sources and return its path.

    Raises
    ------
    OSError : the folder cannot be written.
    """
    folder = Path(out_dir) / "article"
    source = files("lossmatters.paper.article")
    for name in SOURCES:
        write_whole(folder / name, (source / name).read_bytes())
    write_whole(folder / "numbers.tex", macros(values(ledger, records)).encode())
    write_whole(folder / "results.tex", _results(records).encode())
    write_whole(folder / "ledger.tex", _ledger(ledger).encode())
    for name, content in _figures(records, _asked_for((folder / "paper.tex").read_text(encoding="utf-8"))):
        write_whole(folder / "figures" / f"{name}.pdf", content)
    return folder


def build_article(
    ledger: dict[str, Any], records: Sequence[Record], out_dir: str | os.PathLike[str]
) -> Article:
    """Write, pack and compile the article.

    Raises
    ------
    OSError : a folder cannot be written.
    RuntimeError : LaTeX fails; the end of its log is said.
    """
    out = Path(out_dir)
    folder = write_article(ledger, records, out)
    archive = write_whole(out / "arxiv.tar.gz", _packed(folder))
    build = out / "build"
    if shutil.which("latexmk"):
        command = [
            "latexmk",
            "-pdf",
            "-interaction=nonstopmode",
            "-halt-on-error",
            f"-outdir={build.resolve()}",
            "paper.tex",
        ]
    elif shutil.which("tectonic"):
        build.mkdir(parents=True, exist_ok=True)
        command = ["tectonic", "--outdir", str(build.resolve()), "paper.tex"]
    else:
        return Article(folder, archive, None, INSTALL)
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False
    )
    if done.returncode or not (build / "paper.pdf").is_file():
        said = [
            line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("!", "error", "l."))
        ]
        raise RuntimeError(f"LaTeX failed in {folder}: {' '.join(said[:3]) or done.stdout[-300:]}")
    return Article(folder, archive, write_whole(out / "paper.pdf", (build / "paper.pdf").read_bytes()))


def _asked_for(text: str) -> set[str]:
    """Return the names of the figures that the text shows."""
    return set(re.findall(r"\\figurefile\{([\w-]+)\}", text))


def _figures(records: Sequence[Record], wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """Draw the figures of these names that the records hold, as PDF."""
    groups: dict[str, Mapping[str, Sequence[Record]]] = {
        "set-up": main_setups(records),
        "variants": families(records),
        "theory": {"": []},
    }
    for spec in FIGURES:
        for setup, group in groups[spec.over].items():
            name = f"{setup}-{spec.name}" if setup else spec.name
            if name in wanted:
                with suppress(MissingData):
                    yield name, render(spec.draw(group), "pdf")


def _packed(folder: Path) -> bytes:
    """Return the folder as a .tar.gz, the same bytes for the same sources: sorted, no owners, no dates."""
    import gzip

    stream, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = tarfile.TarInfo(path.relative_to(folder).as_posix())
            info.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(info, content)
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped:
        zipped.write(stream.getvalue())
    return packed.getvalue()


def _results(records: Sequence[Record]) -> str:
    """Return a table for each main set-up, the main losses alone: the rest is in the report."""
    parts = []
    for name, group in main_setups(records).items():
        table = results_table(group)
        rows = tuple((title, tuple(row for row in rows if _is_main(row[0]))) for title, rows in table.groups)
        kept = Table(table.caption, table.header, tuple(g for g in rows if g[1]), table.numeric)
        if kept.groups:
            parts.append(
                "\\begin{table}[!ht]\\centering\\footnotesize\n"
                f"\\caption{{Set-up \\texttt{{{escaped(name)}}}.}}\n"
                f"\\label{{tab:{name}}}\n{tabular(kept, COLUMNS)}\\end{{table}}\n"
            )
    return "\n".join(parts)


def _is_main(shown: str) -> bool:
    from lossmatters.paper.names import loss_name, main_losses

    return shown in {loss_name(spec) for spec in main_losses()}


def _ledger(ledger: dict[str, Any]) -> str:
    """Return all claims with their status and how they were decided, as a table that goes over pages."""
    lines = [
        r"\begin{longtable}{@{}p{0.19\linewidth}p{0.53\linewidth}p{0.2\linewidth}@{}}",
        r"\toprule claim & what it says & status (by) \\ \midrule \endhead \bottomrule \endfoot",
    ]
    for claim in ledger["claims"]:
        status = str(claim["status"])
        methods = list(
            dict.fromkeys(str(e["method"]) for e in claim["evidence"] if str(e["status"]) == status)
        )
        by = f" ({escaped(', '.join(methods))})" if methods else ""
        lines.append(rf"{escaped(claim['id'])} & {prose(claim['title'])} & {escaped(status)}{by} \\")
    return "\n".join([*lines, r"\end{longtable}", ""])
