"""How many losses get a proof that Coq accepts: the whole catalogue, and losses such as users bring.

    python benchmarks/formal.py [--group GROUP] [--only NAME ...] [--write docs/trust.md]

Of each loss a Coq file is written into a folder that is thrown away, and compiled. The exit status is 1 where
Coq does not accept a file that was written. It needs Coq (see `certify --formal`). The tests' zoo, of losses
that lure into a false verdict, was held back when the writer of proofs was made.
"""

from __future__ import annotations

import argparse
import runpy
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from criteria import insert

from lossmatters.proofs_checks.claim import Status
from lossmatters.proofs_checks.formal.own_loss import FormalVerdict, formal_evidence
from lossmatters.theory.losses import LOSSES, get

TESTS = Path(__file__).parents[1] / "tests"
STRANGE = TESTS / "proofs_checks" / "formal" / "strange_losses.py"


def catalogue() -> dict[str, Any]:
    """Return the losses of the catalogue at their defaults."""
    return {name: get(name) for name in sorted(LOSSES)}


def users() -> dict[str, Any]:
    """Return losses such as users bring, some of which try to break the file that is written."""
    return {name: get(loss) for name, loss in runpy.run_path(str(STRANGE))["STRANGE"].items()}


def zoo() -> dict[str, Any]:
    """Return every fifth loss of the tests' zoo, by its order."""
    sys.path.insert(0, str(TESTS / "support"))
    from zoo import ZOO

    return {case.id: case.make() for case in ZOO[::5]}


GROUPS = {
    "the catalogue": catalogue,
    "losses such as users bring": users,
    "a fifth of a zoo of luring losses": zoo,
}


def main(arguments: list[str]) -> int:
    """Try the losses that were asked for, and say of each what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--group", choices=[g.split()[-1] for g in GROUPS] + [None], help="one group, all by default"
    )
    parser.add_argument("--only", nargs="+", help="losses of these names, all by default")
    parser.add_argument("--write", type=Path, help="put the counts between the marks of this document")
    asked = parser.parse_args(arguments)
    if shutil.which("coqc") is None:
        print("coqc is not installed", file=sys.stderr)
        return 2
    found = {}
    for title, losses in GROUPS.items():
        if asked.group in (None, title.split()[-1]):
            found[title] = _tried({n: x for n, x in losses().items() if not asked.only or n in asked.only})
    text = report(found)
    print(text)
    if asked.write:
        insert(asked.write, "formal", text)
    every = [v for verdicts in found.values() for v in verdicts.values()]
    return 1 if any(v.path and v.status is not Status.PROVED for v in every) else 0


def _tried(losses: Mapping[str, Any]) -> dict[str, FormalVerdict]:
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, loss in losses.items():
            started = time.monotonic()
            try:
                out[name] = formal_evidence(loss, Path(folder))
            except (TypeError, ValueError) as error:
                out[name] = FormalVerdict(Status.UNDECIDED, detail=f"it is no loss with a formula: {error}")
            said = f"{name}: {out[name].status.value}, {time.monotonic() - started:.0f} s"
            print(said, out[name].detail, file=sys.stderr, flush=True)
    return out


def report(found: Mapping[str, Mapping[str, FormalVerdict]]) -> str:
    """Return the counts, and why losses have no proof, as Markdown."""
    lines = ["| losses | tried | symmetric, proved | not symmetric, proved | no proof |", "|" + "---|" * 5]
    for title, verdicts in found.items():
        proved = [v for v in verdicts.values() if v.status is Status.PROVED]
        symmetric = sum(v.theorem == "symmetric" for v in proved)
        row = (title, len(verdicts), symmetric, len(proved) - symmetric, len(verdicts) - len(proved))
        lines.append(f"| {' | '.join(map(str, row))} |")
    reasons: dict[str, list[str]] = {}
    for verdicts in found.values():
        for name, v in verdicts.items():
            if v.status is not Status.PROVED:
                reasons.setdefault(v.detail.split(" gets no Coq file: ")[-1], []).append(f"`{name}`")
    lines += ["", "No proof, and why:", ""]
    lines += [f"- {why}: {', '.join(names)}" for why, names in sorted(reasons.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
