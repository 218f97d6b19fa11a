"""Check the proofs: compile all files, and ask Coq what every theorem rests on. ``make formal`` runs it.

Only the standard library is used, so that a machine with Coq and without the project can run it. What came
out is written to ``build/manifest.json`` beside the sources, with their hashes: the ledger believes it only
of the sources it was made from.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lossmatters.proofs_checks.formal.theorems import FOLDER, Theorem, sources, theorems

BUILD, MANIFEST = "build", "manifest.json"
PREFIX = "Lossmatters"
PACKAGES = (
    "coq",
    "libcoq-mathcomp-ssreflect",
    "libcoq-mathcomp-algebra",
    "libcoq-mathcomp-algebra-tactics",
    "libcoq-mathcomp-analysis",
)
VERSIONS = "Coq 8.16 with Mathematical Components 1.15, algebra-tactics 1.0 and analysis 0.6"
# What mathcomp-analysis assumes of sets and functions; nothing else may be assumed anywhere.
CLASSICAL = (
    "boolp.constructive_indefinite_description",
    "boolp.functional_extensionality_dep",
    "boolp.propositional_extensionality",
)
CLOSED = "Closed under the global context"

# Ways to state without proof, or to weaken the kernel. `Print Assumptions` finds most of them; so does this.
_FORBIDDEN = re.compile(
    r"\b(Admitted|admit|give_up|Axioms?|Conjectures?|Parameters?|bypass_check"
    r"|Module|Unset\s+(?:Guard|Positivity|Universe)\s+Checking)\b"
)
_ASSUMING = re.compile(r"(?:(?:Local|Global|Polymorphic)\s+)?(Variables?|Hypothes[ie]s|Context|Let)\b")


class RejectedError(Exception):
    """What a checker of proofs must not let pass, in words."""


def check(folder: Path = FOLDER, build: Path | None = None) -> dict[str, Any]:
    """Compile the files of a folder and look at what its theorems assume; the manifest, as plain data.

    Raises
    ------
    RejectedError : a file does not compile, leaves something unproved, or a theorem assumes what it must not.
    """
    build = build or folder / BUILD
    found = theorems(folder)
    ordered = sources(folder)
    for path in ordered:
        scan(path.name, path.read_text(encoding="utf-8"))
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    seconds = {}
    for path in ordered:
        started = time.monotonic()
        shutil.copy(path, build)
        coqc(build, path.name)
        seconds[path.name] = round(time.monotonic() - started, 1)
    assumed = assumptions(found, build)
    for theorem in found:
        extra = set(assumed[theorem.name]) - set(CLASSICAL)
        if extra:
            raise RejectedError(f"{theorem.file}: {theorem.name} assumes {', '.join(sorted(extra))}")
    return {
        "coq": version(),
        "sources": hashes(folder),
        "seconds": seconds,
        "theorems": [
            {
                "claims": list(t.claims),
                "whole": t.whole,
                "theorem": t.name,
                "file": t.file,
                "axioms": sorted(assumed[t.name]),
            }
            for t in found
        ],
    }


def scan(name: str, text: str) -> None:
    """Reject a text that states without proving, or assumes outside a section."""
    text = without_comments(text)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise RejectedError(f"{name}: {forbidden[0]} stands for a proof that is not there")
    depth = 0
    for sentence in re.split(r"\.(?=\s|$)", text):
        sentence = sentence.strip()
        depth += bool(re.match(r"Section\s", sentence)) - bool(re.match(r"End\s", sentence))
        assuming = _ASSUMING.match(sentence)
        if assuming and depth == 0:
            raise RejectedError(f"{name}: {assuming[1]} outside a section assumes for good")


def without_comments(text: str) -> str:
    """The text with its comments, which may be nested, and its strings taken out."""
    out, depth = [], 0
    for token in re.findall(r'"[^"]*"|\(\*|\*\)|.', text, re.DOTALL):
        if token == "(*":
            depth += 1
        elif token == "*)":
            depth -= 1
        elif depth == 0 and not (len(token) > 1):
            out.append(token)
    return "".join(out)


def coqc(build: Path, name: str) -> str:
    """Compile one file where it lies, and give what Coq says."""
    done = subprocess.run(
        ["coqc", "-q", "-w", "none", "-R", ".", PREFIX, name],
        cwd=build,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RejectedError(f"{name} does not compile: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def assumptions(found: Iterable[Theorem], build: Path) -> dict[str, list[str]]:
    """What each theorem rests on beyond the logic of Coq, by its name: nothing, or names of axioms."""
    found = list(found)
    lines = [f"From {PREFIX} Require {module}." for module in dict.fromkeys(t.module for t in found)]
    for t in found:
        lines.append(
            f'Goal True. idtac "== {t.name}". Abort. Print Assumptions {PREFIX}.{t.module}.{t.name}.'
        )
    (build / "print_assumptions.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    parts = re.split(r"^== (\w+)$", coqc(build, "print_assumptions.v"), flags=re.MULTILINE)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {t.name: read_assumptions(said.get(t.name, "")) for t in found}


def read_assumptions(text: str) -> list[str]:
    """The names in what `Print Assumptions` prints. What is not understood counts as an assumption."""
    text = text.strip()
    if text == CLOSED:
        return []
    head, _, body = text.partition("\n")
    names = re.findall(r"^(\S+)", body, re.MULTILINE)
    return names if head == "Axioms:" and names else [text or "nothing was said"]


# Files that a checker of proofs must reject, each by another of its rules.
KNOWN_FALSE = {
    "a theorem whose proof is admitted": "Theorem wrong : False.\nProof.\nAdmitted.\n",
    "a theorem that rests on an axiom of this project": (
        "Section S. Local Axiom nothing : False.\nEnd S.\n"
        "(* claim: X; none *)\nTheorem wrong : False.\nProof.\nexact nothing.\nQed.\n"
    ),
    "a theorem that rests on an axiom of a library": (
        "From Coq Require Import Classical.\n"
        "(* claim: X; none *)\nTheorem wrong (P : Prop) : P \\/ ~ P.\nProof.\nexact (classic P).\nQed.\n"
    ),
    "a theorem from a hypothesis outside a section": (
        "Hypothesis nothing : False.\n"
        "(* claim: X; none *)\nTheorem wrong : False.\nProof.\nexact nothing.\nQed.\n"
    ),
    "a proof that does not prove its theorem": (
        "(* claim: X; none *)\nTheorem wrong : 2 + 2 = 5.\nProof.\nreflexivity.\nQed.\n"
    ),
}


def reject_known_false() -> list[dict[str, str]]:
    """Run the same check on every file of `KNOWN_FALSE`, and say by which words it was rejected.

    Raises
    ------
    RejectedError : one of them passes, so that the check shows nothing.
    """
    out = []
    for says, text in KNOWN_FALSE.items():
        if "claim:" not in text:
            text = "(* claim: X; none *)\n" + text
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "wrong.v").write_text(text, encoding="utf-8")
            try:
                check(Path(folder))
            except RejectedError as error:
                out.append({"says": says, "rejected_by": " ".join(str(error).split())[:200]})
                continue
        raise RejectedError(f"the check must reject {says}, and does not")
    return out


def hashes(folder: Path = FOLDER) -> dict[str, str]:
    """The SHA-256 of each source, by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.v"))}


def version() -> str:
    """The version of Coq: ``8.16.1``."""
    said = subprocess.run(["coqc", "--print-version"], capture_output=True, text=True, check=True).stdout
    return said.split()[0]


def _install(why: str) -> int:
    print(f"{why}; the proofs need {VERSIONS}, all Debian packages:", file=sys.stderr)
    print(f"  apt-get install {' '.join(PACKAGES)}", file=sys.stderr)
    return 2


def main() -> int:
    """0 where all proofs are checked, 1 where one is rejected, 2 where there is no Coq to check them."""
    (FOLDER / BUILD / MANIFEST).unlink(missing_ok=True)
    if shutil.which("coqc") is None:
        return _install("coqc is not installed")
    try:
        rejected = reject_known_false()
        manifest = {**check(), "known_false": rejected}
    except (RejectedError, ValueError) as error:
        if re.search(r"Cannot find a physical path.* prefix mathcomp", str(error), re.DOTALL):
            return _install("a library of Coq is not installed")
        print(error, file=sys.stderr)
        return 1
    (FOLDER / BUILD / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    for row in manifest["theorems"]:
        axioms = ", ".join(row["axioms"]) or "no axioms"
        about = ", ".join(row["claims"]) if row["whole"] else "in part " + ", ".join(row["claims"])
        print(f"{about:24} {row['file']:18} {row['theorem']:28} {axioms}")
    print(
        f"{len(manifest['theorems'])} theorems checked by Coq {manifest['coq']} "
        f"in {sum(manifest['seconds'].values()):.0f} s; {len(rejected)} known-false files rejected"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
