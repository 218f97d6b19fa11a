"""Compare the verdicts on the whole catalogue before and after a change, as JSON.

    python tests/support/compare_verdicts.py write FILE      # in each of the two checkouts
    python tests/support/compare_verdicts.py compare BEFORE AFTER

`write` stores the row of the catalogue and the certificates at two K and rates of every registered loss. It
also runs in a checkout from when the packages had no common name. `compare` prints every difference and ends
with status 1 if there is one that is not a scope made wider, a new key, or a number of the last digits.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
from pathlib import Path
from typing import Any

CERTIFIED_AT = ((10, "2/5"), (3, "1/5"))
ROUNDING = 1e-9  # relative: numbers from solvers, on two machines or two orders of addition


def module(name: str) -> Any:
    """Import a module of ``theory`` under the common name, or at top level as it once was."""
    try:
        return importlib.import_module(f"lossmatters.{name}")
    except ModuleNotFoundError:
        return importlib.import_module(name)


def write(path: Path) -> None:
    sys.path.insert(0, str(Path.cwd()))
    rows = module("theory.catalogue").catalogue(10, use_cache=False)
    get, certify = module("theory.losses").get, module("theory.certificate").certify
    certificates = {}
    for row in rows:
        for k, rate in CERTIFIED_AT:
            found = certify(get(row["name"]), k, rate)
            certificates[f"{row['name']}, K = {k}"] = found if isinstance(found, dict) else found.to_json()
    data = {"catalogue": {row["name"]: row for row in rows}, "certificates": certificates}
    path.write_text(json.dumps(data, indent=1, sort_keys=True))


def differences(before: Any, after: Any, at: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Return (path, value before, value after) wherever two JSON values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in sorted({*before, *after}):
            found += differences(before.get(key, "(absent)"), after.get(key, "(absent)"), (*at, key))
        return found
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [d for i, (b, a) in pairs for d in differences(b, a, (*at, str(i)))]
    if isinstance(before, float) and isinstance(after, float):
        same = math.isclose(before, after, rel_tol=ROUNDING)
    else:
        same = before == after
    return [] if same else [(at, before, after)]


def harmless(at: tuple[str, ...], before: Any, after: Any) -> bool:
    """Is it a new key, or the scope of one K that became one of all K?"""
    wider = at[-1] == "scope" and str(before).startswith("K = ") and str(after).startswith("all K >= 2")
    return before == "(absent)" or wider


def compare(before: Path, after: Path) -> int:
    found = differences(*(json.loads(p.read_text()) for p in (before, after)))
    for at, old, new in found:
        print(f"{'      ' if harmless(at, old, new) else 'WRONG '}{' / '.join(at)}: {old!r} -> {new!r}")
    wrong = sum(not harmless(*d) for d in found)
    print(f"{len(found)} differences, {wrong} of them other than a wider scope or a new key")
    return int(wrong > 0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", path]:
            write(Path(path))
        case ["compare", first, second]:
            sys.exit(compare(Path(first), Path(second)))
        case _:
            sys.exit(__doc__)
