"""What Coq itself says that each theorem states, kept in a file under version control and compared with it.

A proof shows what its statement says, and no more. So every statement is printed by Coq, after all sections
are closed and with nothing left open, and lies in `statements.md` beside its mathematics in words, with the
claims it is evidence for. A statement, a definition, a tag, a scope or words that are not as in that file are
rejected: to change one is to change the file, where a reader sees it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lossmatters.proofs_checks.formal.theorems import FOLDER, Theorem, sources, theorems

FILE = "statements.md"
WIDTH = 100
# Printed without notations too, of which only the hash is kept: notations might hide what is said.
_IMPORTS = """From mathcomp Require Import all_ssreflect all_algebra.
Import Order.TTheory GRing.Theory Num.Theory.
"""
_DEFINITION = re.compile(r"^(?:Definition|Record|Inductive|Fixpoint) (\w+)", re.MULTILINE)
_ENTRY = re.compile(
    r"^### `(?P<name>\w+)` \((?P<file>\w+\.v)\)\n\n(?:(?P<tag>(?:claim|part of): [^\n]*)\n\n"
    r"(?P<words>[^\n]*)\n\n)?```coq\n(?P<says>.*?)\n```\n\n`(?P<hash>[0-9a-f]{64})`$",
    re.DOTALL | re.MULTILINE,
)
HEAD = """# What the theorems say

Written by `python -m lossmatters.proofs_checks.formal.check --write`. The words are those of the sources.
The Coq text is Coq's own: each statement with all hypotheses of its section, each definition with its body.
The hash is that of the same text printed without any notation, which might hide something. `make formal`
fails where anything here differs from the sources.
"""


@dataclass(frozen=True)
class Entry:
    """One theorem or definition as the file shows it.

    Attributes
    ----------
    name, file : where it is.
    tag : "claim: S1; every K", or "" for a definition.
    words : what it says, for a reader of mathematics; "" for a definition.
    says, digest : Coq's text, and the hash of that text without notations.
    """

    name: str
    file: str
    tag: str
    words: str
    says: str
    digest: str


def definitions(folder: Path = FOLDER) -> list[tuple[str, str]]:
    """Name and file of every definition, in the order of the files."""
    return [
        (name, path.name)
        for path in sources(folder)
        for name in _DEFINITION.findall(path.read_text(encoding="utf-8"))
    ]


def tag(theorem: Theorem) -> str:
    """Return the comment before a theorem: which claims it is about, and for what."""
    return f"{'claim' if theorem.whole else 'part of'}: {', '.join(theorem.claims)}; {theorem.scope}"


def printed(
    found: Iterable[Theorem], defined: Iterable[tuple[str, str]], build: Path, run: Callable[[Path, str], str]
) -> list[Entry]:
    """Ask Coq for every statement and definition; `run` compiles a file and returns what Coq says."""
    asked = [(t.name, t.file, tag(t), t.words, "Check") for t in found]
    asked += [(name, file, "", "", "Print") for name, file in defined]
    modules = dict.fromkeys(file.removesuffix(".v") for _, file, _, _, _ in asked)
    lines = [_IMPORTS]
    # Not imported: which short names Coq chooses would depend on what else is.
    lines += [f"From Lossmatters Require {module}." for module in modules]
    lines += [
        "Local Open Scope ring_scope.",
        f"Set Printing Width {WIDTH}.",
        "Unset Printing Implicit Defensive.",
    ]
    for switch in ("Unset", "Set"):
        lines.append(f"{switch} Printing All.")
        for name, file, _, _, how in asked:
            path = f"Lossmatters.{file.removesuffix('.v')}.{name}"
            lines.append(f'Goal True. idtac "== {switch} {name} {file}". Abort. {how} {path}.')
    (build / "print_statements.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    parts = re.split(r"^== (\w+ \w+ \w+\.v)\n", run(build, "print_statements.v"), flags=re.MULTILINE)
    said = dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))
    prefix = re.compile(rf"\b(?:{'|'.join(path.stem for path in sources())})\.(?=\w)")
    return [
        Entry(
            name,
            file,
            kind,
            words,
            prefix.sub("", said[f"Unset {name} {file}"]),
            hashlib.sha256(" ".join(said[f"Set {name} {file}"].split()).encode()).hexdigest(),
        )
        for name, file, kind, words, _ in asked
    ]


def read(text: str) -> dict[tuple[str, str], Entry]:
    """Return the entries of the committed file, by file and name."""
    return {
        (m["file"], m["name"]): Entry(
            m["name"],
            m["file"],
            m["tag"] or "",
            m["words"] or "",
            m["says"],
            m["hash"],
        )
        for m in _ENTRY.finditer(text)
    }


def write(entries: Iterable[Entry]) -> str:
    """Return the text of the file, theorems first."""
    entries = list(entries)
    parts = [HEAD]
    for title, kind in (("Theorems", True), ("Definitions", False)):
        parts.append(f"## {title}\n")
        for e in entries:
            if bool(e.tag) == kind:
                about = f"{e.tag}\n\n{e.words}\n\n" if e.tag else ""
                parts.append(f"### `{e.name}` ({e.file})\n\n{about}```coq\n{e.says}\n```\n\n`{e.digest}`\n")
    return "\n".join(parts)


def differences(entries: Iterable[Entry], pinned: Mapping[tuple[str, str], Entry]) -> list[str]:
    """Say, one line each, where what Coq says is not what the file shows."""
    entries = list(entries)
    out = []
    for e in entries:
        kept = pinned.get((e.file, e.name))
        if kept is None:
            out.append(f"{e.file}: {e.name} is not in {FILE}")
        elif kept.tag != e.tag:
            out.append(f"{e.file}: {e.name} is tagged {e.tag!r}, and {FILE} has {kept.tag!r}")
        elif (kept.says, kept.digest) != (e.says, e.digest):
            out.append(f"{e.file}: {e.name} does not say what {FILE} shows: {' '.join(e.says.split())[:200]}")
        elif kept.words != e.words:
            out.append(f"{e.file}: {e.name} is put in other words in {FILE}")
    gone = sorted(set(pinned) - {(e.file, e.name) for e in entries})
    out += [f"{file}: {name} is in {FILE} and not in the sources" for file, name in gone]
    return out


def compare(
    folder: Path, build: Path, run: Callable[[Path, str], str], write_first: bool = False
) -> list[str]:
    """Say where a folder's file and what Coq says of its sources differ; write the file first, if asked."""
    path = folder / FILE
    pinned = read(path.read_text(encoding="utf-8")) if path.is_file() else {}
    entries = printed(theorems(folder), definitions(folder), build, run)
    if write_first:
        text = write(entries)
        path.write_text(text, encoding="utf-8")
        pinned = read(text)
    return differences(entries, pinned)
