"""The conformance suite on the losses of packages that many people use, and what was found judged.

    python benchmarks/conformance_wild.py [--packages torch timm ...] [--write docs/conformance.md]

Packages that are not installed are left out and named. Every finding must have a judgement in
conformance_wild_losses.py: a true one, or one that follows from what the loss is for. The exit status is 1 if
there is a finding without one, which may be a false alarm of the suite, if a judged one of a package that was
run is no longer found, or if a loss is refused. Losses whose package lacks another one are left out too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")  # read when keras is imported

import torch
from conformance_wild_losses import JUDGED, NOTES, SOMETIMES, WILD
from criteria import insert, table

from lossmatters.proofs_checks.conformance import check_loss
from lossmatters.proofs_checks.conformance.report import NOTE

NAMES = {"segmentation_models_pytorch": "segmentation-models-pytorch"}  # as the package index has them


def installed(package: str) -> str:
    """Return the version of a package, "" where it is not installed."""
    try:
        return version(NAMES.get(package, package))
    except PackageNotFoundError:
        return ""


def main() -> int:
    parser = argparse.ArgumentParser(description="The conformance suite on packages' own losses.")
    parser.add_argument("--packages", nargs="+", default=sorted({spec.partition(".")[0] for spec in WILD}))
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--write", type=Path, help="a document with the mark of the table")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows, seen, new, taken, refused, missing = [], set(), [], [], [], []
    for package in given.packages:
        if not installed(package):
            print(f"{package} is not installed", flush=True)
    chosen = [
        spec
        for spec in WILD
        if installed(spec.partition(".")[0]) and spec.partition(".")[0] in given.packages
    ]
    for spec in chosen:
        started = time.perf_counter()
        try:
            report = check_loss(spec, budget=given.budget, **WILD[spec])
        except (TypeError, ValueError, ImportError) as error:
            if "ModuleNotFoundError" in str(error):  # its package wants another that is not there
                print(f"{spec}: {error}", flush=True)
                missing.append(spec)
                continue
            refused.append(f"{spec}: {error}")
            print("REFUSED", refused[-1], flush=True)
            continue
        taken.append(time.perf_counter() - started)
        found = [result for result in report.results if not result.ok or result.status == "noted"]
        for result in found:
            seen.add((spec, result.check))
            judged = JUDGED.get(spec, {}).get(result.check, "")
            if not judged and result.severity == NOTE:
                judged = NOTES.get(result.check, "")
            if not judged:
                new.append(f"{spec} {result.check}: {result.detail}; {result.counterexample}")
            rows.append(
                [f"`{spec}`", f"`{result.check}`", result.severity or result.status, judged or "NOT JUDGED"]
            )
        if not found:
            rows.append([f"`{spec}`", "", "", "nothing found"])
        print(
            f"{taken[-1]:5.1f} s  {spec}",
            *(f"{r.check} ({r.severity}): {r.detail[:150]}" for r in found),
            sep="\n    ",
            flush=True,
        )
    gone = [
        f"{s} {check} is no longer found"
        for s in chosen
        for check in JUDGED.get(s, {})
        if (s, check) not in seen | SOMETIMES and s not in missing
    ]
    print(*new, *gone, sep="\n")
    print(f"{len(taken)} losses, {len(seen)} findings, {len(new)} not judged, {len(refused)} refused")
    if taken:
        print(f"{given.budget}: median {statistics.median(taken):.1f} s, longest {max(taken):.1f} s")
    if given.write:
        insert(given.write, "wild", table(["loss", "check", "grade", "judgement"], rows))
    print(", ".join(f"{p} {installed(p)}" for p in given.packages if installed(p)))
    return bool(new or gone or refused)


if __name__ == "__main__":
    sys.exit(main())
