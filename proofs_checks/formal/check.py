"""Check the proofs: compile all files, and ask Coq what every theorem rests on. ``make formal`` runs it.

What came out is written to ``build/manifest.json`` beside the sources, with their hashes: the ledger believes
it only of the sources it was made from. A summary is committed, for machines without Coq.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from lossmatters.proofs_checks.formal import statements, summary, witnesses
from lossmatters.proofs_checks.formal.known_false import KNOWN_FALSE, NOT_STATED
from lossmatters.proofs_checks.formal.scan import RejectedError, scan, without_comments
from lossmatters.proofs_checks.formal.theorems import FOLDER, Theorem, hashes, requires, sources, theorems

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
# By full name: a file of the folder may bear any short one.
CLASSICAL = (
    "mathcomp.classical.boolp.constructive_indefinite_description",
    "mathcomp.classical.boolp.functional_extensionality_dep",
    "mathcomp.classical.boolp.propositional_extensionality",
)
# What Coq's own real numbers rest on, in which the instances of theorems about any real field lie.
REALS = (
    "Coq.Logic.Epsilon.epsilon_statement",
    "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep",
    "Coq.Reals.ClassicalDedekindReals.sig_forall_dec",
    "Coq.Reals.ClassicalDedekindReals.sig_not_dec",
)
CLOSED = "Closed under the global context"


def check(folder: Path = FOLDER, build: Path | None = None, write: bool = False) -> dict[str, Any]:
    """Compile the files of a folder and look at what its theorems assume; the manifest, as plain data.

    Raises
    ------
    RejectedError : a file does not compile, leaves something unproved, a theorem assumes what it must not, or
        says other things than the file of statements shows, or has hypotheses that no instance satisfies.
    """
    build = build or folder / BUILD
    found = theorems(folder)
    ordered = sources(folder)
    for path in ordered:
        scan(path.name, path.read_text(encoding="utf-8"))
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    for path in ordered:
        shutil.copy(path, build)
    seconds = compile_all(ordered, build)
    assumed = allowed(found, CLASSICAL, build)
    allowed(witnesses.witnesses(folder).values(), (*CLASSICAL, *REALS), build)
    missing = witnesses.missing(found, folder, build, coqc, PREFIX)
    if missing:
        raise RejectedError("\n".join(missing))
    if folder == FOLDER or (folder / statements.FILE).is_file():
        wrong = statements.compare(folder, build, coqc, write)
        if wrong:
            raise RejectedError("\n".join(wrong))
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


def compile_all(ordered: Iterable[Path], build: Path, workers: int = 2) -> dict[str, float]:
    """Compile files in the build folder, each after those it requires; seconds for each."""
    waiting = {path.stem: set(requires(path.read_text(encoding="utf-8"))) for path in ordered}
    order = list(waiting)
    seconds: dict[str, float] = {}
    running: dict[Future[float], str] = {}

    def one(name: str) -> float:
        started = time.monotonic()
        coqc(build, name)
        return round(time.monotonic() - started, 1)

    with ThreadPoolExecutor(workers) as pool:
        try:
            while waiting or running:
                for name in [n for n in waiting if not waiting[n] & {*waiting, *running.values()}]:
                    del waiting[name]
                    running[pool.submit(one, f"{name}.v")] = name
                for done in wait(running, return_when=FIRST_COMPLETED)[0]:
                    seconds[f"{running.pop(done)}.v"] = done.result()
        except RejectedError:
            pool.shutdown(cancel_futures=True)
            raise
    return {f"{name}.v": seconds[f"{name}.v"] for name in order}


def coqc(build: Path, name: str) -> str:
    """Compile one file where it lies, and give what Coq says."""
    done = subprocess.run(
        ["coqc", "-q", "-w", "none", "-R", ".", PREFIX, name],
        cwd=build,
        capture_output=True,
        text=True,
        check=False,
        # Neither the user's settings nor a search path may bring in other files.
        env={k: v for k, v in os.environ.items() if not k.startswith("COQ")},
    )
    if done.returncode:
        raise RejectedError(f"{name} does not compile: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def assumptions(found: Iterable[Theorem], build: Path) -> dict[str, list[str]]:
    """Return what each theorem rests on beyond the logic of Coq, by its name: nothing, or names of axioms.

    Coq is asked together of all theorems whose files use the same libraries, which takes it as long as one of
    them: where they rest on axioms, a theorem is said to rest on all that these files do.
    """
    found = list(found)
    used = {module: libraries(module, build) for module in {t.module for t in found}}
    groups: dict[frozenset[str], list[Theorem]] = {}
    for t in found:
        groups.setdefault(used[t.module], []).append(t)
    lines = [f"From {PREFIX} Require {module}." for module in dict.fromkeys(t.module for t in found)]
    for n, here in enumerate(groups.values()):
        together = " ".join(f"let _ := @{PREFIX}.{t.module}.{t.name} in" for t in here)
        lines.append(f"Definition all_of_{n} := {together} tt.")
        lines.append(f'Goal True. idtac "== {n}". Abort. Print Assumptions all_of_{n}.')
    (build / "print_assumptions.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    parts = re.split(r"^== (\d+)$", coqc(build, "print_assumptions.v"), flags=re.MULTILINE)
    said = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True))
    short = {
        t.name: read_assumptions(said.get(n, "")) for n, here in enumerate(groups.values()) for t in here
    }
    full = full_names(sorted({name for names in short.values() for name in names}), found, build)
    return {theorem: [full[name] for name in names] for theorem, names in short.items()}


def libraries(module: str, build: Path) -> frozenset[str]:
    """Return the libraries outside the folder that a file requires, itself or through other files."""
    text = without_comments((build / f"{module}.v").read_text(encoding="utf-8"))
    out = frozenset(
        name for name in re.findall(r"^From\s+(\S+)\s+Require", text, re.MULTILINE) if name != PREFIX
    )
    return out.union(*(libraries(name, build) for name in requires(text)))


def allowed(found: Iterable[Theorem], axioms: Iterable[str], build: Path) -> dict[str, list[str]]:
    """Return what each theorem rests on; raise where it rests on anything but these axioms."""
    found = list(found)
    assumed = assumptions(found, build)
    for t in found:
        extra = set(assumed[t.name]) - set(axioms)
        if extra:
            together = sum(a == assumed[t.name] for a in assumed.values()) > 1
            who = f"{t.name}, or another that was asked with it," if together else t.name
            raise RejectedError(f"{t.file}: {who} assumes {', '.join(sorted(extra))}")
    return assumed


def full_names(names: Iterable[str], found: Iterable[Theorem], build: Path) -> dict[str, str]:
    """Return the whole path of each name that `Print Assumptions` shortens; as it is where Coq knows none."""
    names = [name for name in names if re.fullmatch(r"[\w.']+", name)]
    lines = [f"From {PREFIX} Require {module}." for module in dict.fromkeys(t.module for t in found)]
    for name in names:
        lines.append(f'Goal True. idtac "== {name}". Abort. About {name}.')
    (build / "print_names.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    parts = re.split(r"^== (\S+)$", coqc(build, "print_names.v") if names else "", flags=re.MULTILINE)
    out = _Same()
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        path = re.search(r"Expands to: Constant (\S+)", " ".join(text.split()))
        out[name] = path[1] if path else f"{name} of no known path"
    return out


class _Same(dict[str, str]):
    """A dictionary in which what is missing stands for itself."""

    def __missing__(self, key: str) -> str:
        return key


def read_assumptions(text: str) -> list[str]:
    """Return the names in what `Print Assumptions` prints. What is not understood counts as an assumption."""
    text = text.strip()
    if text == CLOSED:
        return []
    head, _, body = text.partition("\n")
    names = re.findall(r"^(\S+)", body, re.MULTILINE)
    return names if head == "Axioms:" and names else [text or "nothing was said"]


def reject_known_false() -> list[dict[str, str]]:
    """Run the same check on every file of `KNOWN_FALSE`, and say by which words it was rejected.

    Raises
    ------
    RejectedError : one of them passes, so that the check shows nothing.
    """
    out = []
    for says, text in KNOWN_FALSE.items():
        if "claim:" not in text:
            text = "(* claim: X; none *)\n(* Words. *)\n" + text
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "wrong.v").write_text(text, encoding="utf-8")
            if says == NOT_STATED:
                (Path(folder) / statements.FILE).write_text(statements.HEAD, encoding="utf-8")
            try:
                check(Path(folder))
            except RejectedError as error:
                out.append({"says": says, "rejected_by": " ".join(str(error).split())[:200]})
                continue
        raise RejectedError(f"the check must reject {says}, and does not")
    return out


def version() -> str:
    """Return the version of Coq: ``8.16.1``."""
    said = subprocess.run(["coqc", "--print-version"], capture_output=True, text=True, check=True).stdout
    return said.split()[0]


def _install(why: str) -> int:
    print(f"{why}; the proofs need {VERSIONS}, all Debian packages:", file=sys.stderr)
    print(f"  apt-get install {' '.join(PACKAGES)}", file=sys.stderr)
    return 2


def main(arguments: Sequence[str] = ()) -> int:
    """Return 0 where all proofs are checked, 1 where one is rejected, 2 where there is no Coq to check them.

    With ``--write`` what the theorems say is written to the file of statements first, for a reader to see,
    and the summary of what was found beside it.
    """
    (FOLDER / BUILD / MANIFEST).unlink(missing_ok=True)
    if shutil.which("coqc") is None:
        return _install("coqc is not installed")
    try:
        rejected = reject_known_false()
        manifest = {**check(write="--write" in arguments), "known_false": rejected}
        if "--write" in arguments:
            summary.write(manifest)
        if differences := summary.differences(manifest):
            raise RejectedError("\n".join(differences))
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
    sys.exit(main(sys.argv[1:]))
