"""Write a Coq proof for a loss whose symmetry has been decided, and let Coq check it.

A file is self-contained: the loss, the statement, the proof; only Coq's standard library is needed, and the
`interval` tactic for refutations. Nothing of a user's text is in it: formulas are written from the exact
expression that was traced, names are ours.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossmatters.proofs_checks.claim import Method, Status
from lossmatters.proofs_checks.formal.own_loss_refuted import refuted
from lossmatters.proofs_checks.formal.own_loss_symmetric import symmetric
from lossmatters.proofs_checks.formal.own_loss_texts import Proof
from lossmatters.proofs_checks.formal.translate import UnfitError
from lossmatters.theory.files import write_whole
from lossmatters.theory.formula.errors import FormulaError
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.scope import ClassCounts
from lossmatters.theory.symmetry.decide import decide

PACKAGES = ("coq", "libcoq-interval")
INSTALL = f"to have it checked, install Coq: apt-get install {' '.join(PACKAGES)}"
SECONDS = 300
# Modules of the standard library that state the axioms of Coq's real and machine numbers; nothing else.
TRUSTED = (
    "ClassicalDedekindReals.",
    "FunctionalExtensionality.",
    "Classical_Prop.",
    "PrimInt63.",
    "Uint63.",
    "PrimFloat.",
    "FloatAxioms.",
    "FloatOps.",
)


@dataclass(frozen=True)
class FormalVerdict:
    """What came of it.

    Attributes
    ----------
    status : proved, undecided, or not yet checked where there is no Coq.
    theorem, says, scope : the theorem's name, what it says in words, and for what.
    axioms : what it rests on beyond the logic of Coq, by full names.
    path : where the file is, or None where none was written.
    detail : a sentence.
    """

    status: Status
    theorem: str = ""
    says: str = ""
    scope: str = ""
    axioms: tuple[str, ...] = ()
    path: Path | None = None
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Return status, what is shown and for what, what it rests on, where it is."""
        parts = [self.status.value]
        if self.status is Status.PROVED:
            parts.append(f"{self.says} ({self.scope})")
        parts.append(self.detail)
        if self.axioms:
            parts.append(f"from {', '.join(self.axioms)}")
        if self.path:
            parts.append(f"file {self.path}")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "method": Method.FORMAL.value,
            "status": self.status.value,
            "theorem": self.theorem,
            "says": self.says,
            "scope": self.scope,
            "axioms": list(self.axioms),
            "file": str(self.path) if self.path else None,
            "detail": self.detail,
        }


def formal_evidence(loss: Loss, folder: Path) -> FormalVerdict:
    """Write the file of a loss into a folder and let Coq check it, if it is there.

    Raises
    ------
    TypeError : no Loss.
    """
    try:
        proof = write(loss)
    except UnfitError as why:
        return FormalVerdict(Status.UNDECIDED, detail=f"{loss.name} gets no Coq file: {why}")
    path = folder / f"{module_name(loss)}.v"
    write_whole(path, proof.text)
    about: dict[str, Any] = {"theorem": proof.theorem, "says": proof.says, "scope": proof.scope, "path": path}
    if shutil.which("coqc") is None:
        return FormalVerdict(Status.NOT_CHECKED, **about, detail=f"coqc is not installed; {INSTALL}")
    return compiled(proof, about)


def compiled(proof: Proof, about: dict[str, Any]) -> FormalVerdict:
    """Let Coq check a file, and read what its theorem rests on."""
    ask = f'Goal True. idtac "== axioms". Abort. Print Assumptions {proof.theorem}.\n'
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "own.v").write_text(f"{proof.text}\n{ask}", encoding="utf-8")
        try:
            done = subprocess.run(
                ["coqc", "-q", "-w", "none", "own.v"],
                cwd=folder,
                env={k: v for k, v in os.environ.items() if not k.startswith("COQ")},
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return FormalVerdict(Status.UNDECIDED, **about, detail=f"Coq did not finish in {SECONDS} s")
    if done.returncode:
        if "Cannot find a physical path" in done.stderr:
            detail = f"a library of Coq is not installed; {INSTALL}"
            return FormalVerdict(Status.NOT_CHECKED, **about, detail=detail)
        why = " ".join(done.stderr.split("Error:")[-1].split())[:200]
        return FormalVerdict(Status.UNDECIDED, **about, detail=f"Coq does not accept this proof: {why}")
    axioms = tuple(re.findall(r"^([\w.]+)\s*(?::|$)", done.stdout.split("== axioms")[-1], re.MULTILINE))
    axioms = tuple(name for name in axioms if name != "Axioms")
    strange = [name for name in axioms if not name.startswith(TRUSTED)]
    if strange or "== axioms" not in done.stdout:
        detail = f"the theorem rests on {', '.join(strange) or 'what Coq did not say'}"
        return FormalVerdict(Status.UNDECIDED, **about, axioms=axioms, detail=detail)
    detail = f"checked by Coq: {proof.theorem} in {about['path'].name}"
    return FormalVerdict(Status.PROVED, **about, axioms=axioms, detail=detail)


def module_name(loss: Loss) -> str:
    """Return a name for the file: letters, digits and underscores, beginning with a letter."""
    safe = re.sub(r"[^a-z0-9]+", "_", loss.spec.lower()).strip("_")[:60]
    return safe if safe[:1].isalpha() else f"loss_{safe}"


def write(loss: Loss) -> Proof:
    """Return the Coq file for a loss, by what has been decided about it.

    Raises
    ------
    UnfitError : there is no such file, with the reason.
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss, got loss={loss!r}")
    if not loss.has_formula:
        raise UnfitError("it is a callable without an exact formula")
    try:
        verdict = decide(loss)
    except FormulaError as error:
        raise UnfitError(f"it is not one formula for every number of classes: {error}") from error
    if verdict.status == "proved" and verdict.scope.classes != ClassCounts.every():
        raise UnfitError(f"its symmetry is decided for some numbers of classes only ({verdict.scope})")
    if verdict.status == "proved":
        return symmetric(loss)
    if verdict.status == "refuted":
        return refuted(loss)
    raise UnfitError(f"its symmetry is {verdict.status}, and there is nothing to prove")
