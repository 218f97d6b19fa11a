"""For each theorem an instance that satisfies its hypotheses: what nothing satisfies shows nothing.

The hypotheses of a theorem are all that stands before its conclusion, data and conditions, as one type of
tuples. Coq computes the type from the theorem, by a tactic that is written here and not in the folder, and
must accept the witness ``NAME_witness`` of theorem NAME as an element of it. From ``False``, ``1 = 0`` or a
record without elements there is none. A theorem that takes nothing, not even a number, needs none. Conditions
inside a conclusion are part of what it says, and not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from lossmatters.proofs_checks.formal.theorems import FOLDER, Theorem, sources

_WITNESS = re.compile(r"^(?:Definition|Lemma) (\w+)_witness\b", re.MULTILINE)
# Let-ins are unfolded, definitions are not: a conclusion that a definition hides is a conclusion.
_TACTIC = """Ltac hypotheses_of type :=
  let type := eval cbv beta zeta in type in
  lazymatch type with
  | forall x : ?A, @?B x => constr:(@sigT A (fun x : A =>
      ltac:(let b := eval cbv beta in (B x) in let r := hypotheses_of b in exact r)))
  | _ => constr:(unit)
  end.
Ltac hypotheses theorem := let type := type of theorem in let r := hypotheses_of type in exact r.
"""


def witnesses(folder: Path = FOLDER) -> dict[str, Theorem]:
    """Return the witnesses of a folder, by the names of the theorems they are for."""
    return {
        name: Theorem((), "", False, f"{name}_witness", path.name, "", "")
        for path in sources(folder)
        for name in _WITNESS.findall(path.read_text(encoding="utf-8"))
    }


def missing(
    found: Iterable[Theorem], folder: Path, build: Path, run: Callable[[Path, str], str], prefix: str
) -> list[str]:
    """Say, one line each, which theorems have no witness that Coq accepts, and which witnesses no theorem.

    Parameters
    ----------
    run : compiles a file of the build folder and returns what Coq says; raises where it does not compile.
    """
    found = list(found)
    have = witnesses(folder)
    modules = dict.fromkeys([*(t.module for t in found), *(w.module for w in have.values())])
    lines = [_TACTIC, *(f"From {prefix} Require {module}." for module in modules)]
    for t in found:
        w = have.get(t.name)
        given = f"@{prefix}.{w.module}.{w.name}" if w else "tt"
        # Where Coq does not accept one it goes on, so that all that are missing are named.
        lines.append(
            f"Goal ltac:(hypotheses (@{prefix}.{t.module}.{t.name})).\n"
            f'first [exact {given} | idtac "== {t.name}"]. Abort.'
        )
    (build / "print_witnesses.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    refused = set(re.findall(r"^== (\w+)$", run(build, "print_witnesses.v"), re.MULTILINE))
    out = [
        f"{t.file}: {t.name} has hypotheses and no witness that satisfies them, {t.name}_witness"
        for t in found
        if t.name in refused
    ]
    return out + [
        f"{w.file}: {w.name} is the witness of no theorem"
        for name, w in have.items()
        if name not in {t.name for t in found}
    ]
