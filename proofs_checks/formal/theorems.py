"""The theorems of the Coq sources, read from their text: which claim each one proves."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

_THEOREM = re.compile(
    r"\(\* (?P<kind>claim|part of): (?P<claims>[\w.-]+(?:, [\w.-]+)*); (?P<scope>[^*]+?) \*\)\s*"
    r"\(\* (?P<words>(?:(?!\*\)).)+) \*\)\s*"
    r"Theorem (?P<name>\w+)(?P<statement>.*?)\nProof\.",
    re.DOTALL,
)
_REQUIRE = re.compile(r"^From Lossmatters Require Import (.*)\.$", re.MULTILINE)


@dataclass(frozen=True)
class Theorem:
    """One theorem and the claims it is about.

    Attributes
    ----------
    claims, scope : the ids of what it is about, and for what it shows it.
    whole : it shows what the claims say (for the scope); otherwise only a part, which is no evidence.
    name, file : where it is.
    words : what it says, for a reader of mathematics.
    statement : its Coq text, from after the name to the proof.
    """

    claims: tuple[str, ...]
    scope: str
    whole: bool
    name: str
    file: str
    words: str
    statement: str

    @property
    def module(self) -> str:
        return self.file.removesuffix(".v")


def sources(folder: Path = FOLDER) -> list[Path]:
    """Return the Coq files of a folder, each after those it requires.

    Raises
    ------
    ValueError : files that require each other in a circle, or one that is not there.
    """
    waiting = {path.stem: path for path in sorted(folder.glob("*.v"))}
    needs = {name: set(requires(path.read_text(encoding="utf-8"))) for name, path in waiting.items()}
    missing = set().union(*needs.values()) - set(waiting)
    if missing:
        raise ValueError(f"required files must be in the folder, got missing={sorted(missing)!r}")
    ordered: list[Path] = []
    while waiting:
        ready = [name for name in waiting if not needs[name] & set(waiting)]
        if not ready:
            raise ValueError(f"files must not require each other in a circle, got files={sorted(waiting)!r}")
        ordered += [waiting.pop(name) for name in ready]
    return ordered


def requires(text: str) -> list[str]:
    """Return the files of the same folder that a Coq text requires."""
    return [name for line in _REQUIRE.findall(text) for name in line.split()]


def theorems(folder: Path = FOLDER) -> tuple[Theorem, ...]:
    """Return every `Theorem` of a folder, in the order of the files.

    Raises
    ------
    ValueError : a `Theorem` that does not say which claim it is about, or a file that says it of none.
    """
    found: list[Theorem] = []
    for path in sources(folder):
        text = path.read_text(encoding="utf-8")
        here = [
            Theorem(
                tuple(m["claims"].split(", ")),
                " ".join(m["scope"].split()),
                m["kind"] == "claim",
                m["name"],
                path.name,
                " ".join(m["words"].split()),
                m["statement"],
            )
            for m in _THEOREM.finditer(text)
        ]
        stated = re.findall(r"^\s*Theorem (\w+)", text, re.MULTILINE)
        said = re.findall(r"\(\* (?:claim|part of):", text)
        if [t.name for t in here] != stated or len(said) != len(stated):
            raise ValueError(f"each Theorem must follow its claim and its words, got file={path.name!r}")
        found += here
    return tuple(found)


def hashes(folder: Path = FOLDER) -> dict[str, str]:
    """Return the SHA-256 of each source, by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.v"))}
