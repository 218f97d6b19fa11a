"""Change the theory in one place at a time, in a copy, and say which changes no test sees.

    python tests/support/mutants.py            # all of mutant_list.MUTANTS
    python tests/support/mutants.py scope.py   # those whose file has this in its name

A mutant that lives is a step of a verdict that nothing holds. Ends with status 1 if fewer than 9 of 10 are
killed, if a mutant cannot be made, or if its tests fail without it. Needs fork: Linux or macOS.
"""

from __future__ import annotations

import compileall
import importlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from py_compile import PycInvalidationMode

from mutant_list import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("lossmatters", "theory", "proofs_checks", "empirics", "paper", "tests")
LEAST = 0.9
SECONDS = 300  # a mutant that runs longer is stopped, which kills it
PASSED, FAILED = 0, 1  # of pytest


def copy_of(root: Path, to: Path) -> None:
    """Copy what tests of the theory need, compiled so that a change of a file is noticed by its content."""
    for part in PARTS:
        shutil.copytree(
            root / part,
            to / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__", "*.vo", "*.jsonl"),
        )
    shutil.copy(root / "pyproject.toml", to)
    compileall.compile_dir(to, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def changed(text: str, mutant: Mutant) -> str:
    """Return the text of a file with the mutant in it.

    Raises
    ------
    ValueError : the file does not have the old text exactly once.
    """
    if text.count(mutant.old) != 1:
        raise ValueError(
            f"{mutant.file} must have the text once, got {text.count(mutant.old)}: {mutant.old!r}"
        )
    return text.replace(mutant.old, mutant.new)


def run_tests(folder: Path, tests: Sequence[str]) -> int:
    """Return pytest's status for some tests of the copy, run in a process of its own.

    It is forked, so that what takes long to import (torch, SymPy) is imported once; the package is not.
    """
    child = os.fork()
    if not child:
        try:
            os.chdir(folder)
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            sys.path[:0] = [str(folder)]
            import pytest

            status = int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))
        except BaseException:
            status = FAILED
        os._exit(status)
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        done, state = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(state)
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return FAILED


def lives(folder: Path, mutant: Mutant) -> bool:
    """Make one mutant of the copy, run its tests, and undo it."""
    path = folder / mutant.file
    original = path.read_text(encoding="utf-8")
    path.write_text(changed(original, mutant), encoding="utf-8")
    try:
        return run_tests(folder, mutant.tests) == PASSED
    finally:
        path.write_text(original, encoding="utf-8")


def survivors(mutants: Iterable[Mutant]) -> list[Mutant]:
    """Return the mutants that no test sees, after checking that the tests pass without them.

    Raises
    ------
    ValueError : a mutant cannot be made, or a test fails as it is.
    """
    mutants = list(mutants)
    for name in ("numpy", "scipy.stats", "sympy", "torch", "flint"):  # no plugins of pytest
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of(ROOT, folder)
        tests = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
        if run_tests(folder, tests) != PASSED:
            raise ValueError("the tests of the mutants must pass without them")
        found = []
        for mutant in mutants:
            alive = lives(folder, mutant)
            found += [mutant] if alive else []
            print(f"{'LIVES' if alive else 'killed'}  {mutant.file}: {mutant.new.strip()[:70]!r}", flush=True)
        return found


def main(words: Sequence[str]) -> int:
    """Run the mutants asked for and print how many are killed."""
    chosen = [m for m in MUTANTS if not words or any(word in m.file for word in words)]
    try:
        alive = survivors(chosen)
    except ValueError as error:
        print(error)
        return 1
    killed = len(chosen) - len(alive)
    print(f"{killed} of {len(chosen)} killed ({100 * killed / max(len(chosen), 1):.0f} %)")
    return 0 if killed >= LEAST * len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
