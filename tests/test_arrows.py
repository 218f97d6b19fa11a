"""The packages import each other in one direction only, and so do their rooms; torch stays in its place.

theory <- proofs_checks, theory <- empirics; proofs_checks and paper read the records of empirics; the front
door (lossmatters/*.py) sees all; nobody imports it, or tests. Names in here leave out ``lossmatters.``.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGES = ("theory", "proofs_checks", "empirics", "paper")
OURS = {*PACKAGES, "lossmatters", "tests"}
PREFIX = "lossmatters."

# What each package may import of the others: a module, which also allows what is in it.
ALLOWED: dict[str, tuple[str, ...]] = {
    "theory": (),
    "empirics": ("theory",),
    "proofs_checks": ("theory", "empirics.records"),
    "lossmatters": PACKAGES,
    "paper": (
        "theory",
        *(f"proofs_checks.{name}" for name in ("ledger", "claim", "statements", "formal.theorems")),
        "empirics.records",
    ),
}
# Where torch may be imported at module level. Inside functions of theory it is imported when used.
TORCH_AT_TOP = ("theory.backends.torch_ops", "theory.criteria", "empirics")
TORCH_LAZILY = ("theory", "proofs_checks", "empirics", "lossmatters")
# A loss makes its criterion when asked for one, and a criterion computes a loss: imported when used.
CIRCLES = {("theory.losses", "theory.criteria")}


class Import(NamedTuple):
    """One imported module, as an absolute name, and whether it is imported with its module."""

    name: str
    line: int
    at_top: bool


def imports(source: str, module: str, is_package: bool = False) -> Iterator[Import]:
    """Every module that `source` imports, ``from a import b`` as a.b."""

    def visit(node: ast.AST, at_top: bool) -> Iterator[Import]:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(alias.name, node.lineno, at_top)
            case ast.ImportFrom(module=base, names=names, level=level):
                if level:
                    parts = module.split(".")
                    parts = parts[: len(parts) - level + is_package]
                    base = ".".join([*parts, base] if base else parts)
                for alias in names:
                    yield Import(f"{base}.{alias.name}", node.lineno, at_top)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__"), args=[ast.Constant(value=str(name)), *_]
            ):
                yield Import(name, node.lineno, at_top)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield Import(name, node.lineno, at_top)
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                for child in node.body:  # for types only: the arrow counts, the cost does not
                    yield from visit(child, False)
                for child in orelse:
                    yield from visit(child, at_top)
                return
        inner = at_top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inner)

    yield from visit(ast.parse(source), True)


def within(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def short(name: str) -> str:
    """Return a name of ours without its prefix, ``lossmatters.theory.x`` as theory.x."""
    rest = name.removeprefix(PREFIX)
    return rest if rest != name and rest.split(".")[0] in PACKAGES else name


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """What `source`, as the module named, imports that it must not."""
    package = module.split(".")[0]
    wrong = []
    for full, line, at_top in imports(source, PREFIX + module, is_package):
        name = short(full)
        top = name.split(".")[0]
        if full == name and top in PACKAGES:
            wrong.append(f"{module}:{line} imports {name} without {PREFIX}")
        if top in OURS and top != package and not any(within(name, m) for m in ALLOWED[package]):
            wrong.append(f"{module}:{line} imports {name}")
        if top == "torch" and not any(within(module, m) for m in (TORCH_AT_TOP if at_top else TORCH_LAZILY)):
            wrong.append(f"{module}:{line} imports torch" + (" at module level" if at_top else ""))
    return wrong


def modules() -> dict[str, Path]:
    """The files of all packages, wherever they are installed, by module name."""
    found = {}
    for package in (*PACKAGES, "lossmatters"):
        spec = importlib.util.find_spec(PREFIX + package if package in PACKAGES else package)
        assert spec is not None, f"{package} is not importable"
        assert spec.submodule_search_locations
        root = Path(spec.submodule_search_locations[0])
        for path in sorted(root.glob("*.py") if package == "lossmatters" else root.rglob("*.py")):
            parts = (package, *path.relative_to(root).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_arrows(module):
    path = MODULES[module]
    assert violations(path.read_text(encoding="utf-8"), module, path.name == "__init__.py") == []


def test_every_package_is_looked_at():
    assert {m.split(".")[0] for m in MODULES} == {*PACKAGES, "lossmatters"}
    assert {
        "theory.losses.rll",
        "theory.backends",
        "empirics.records",
        "proofs_checks.claim",
        "lossmatters.cli",
    } <= set(MODULES)


@pytest.mark.parametrize(
    ("module", "source", "said"),
    [
        ("theory.a", "import lossmatters.proofs_checks", "theory.a:1 imports proofs_checks"),
        ("theory.a", "from lossmatters.empirics import records", "theory.a:1 imports empirics.records"),
        ("theory.a", "def f():\n    import lossmatters.paper.names", "theory.a:2 imports paper.names"),
        ("theory.a", "from lossmatters import main", "theory.a:1 imports lossmatters.main"),
        ("theory.a", "import tests.conftest", "theory.a:1 imports tests.conftest"),
        ("theory.a", "if TYPE_CHECKING:\n    import lossmatters.empirics", "theory.a:2 imports empirics"),
        (
            "theory.a",
            "import importlib\nimportlib.import_module('lossmatters.paper')",
            "theory.a:2 imports paper",
        ),
        ("theory.a", "import torch", "theory.a:1 imports torch at module level"),
        (
            "theory.a",
            "try:\n    from torch import nn\nexcept ImportError: pass",
            "theory.a:2 imports torch at module",
        ),
        ("theory.a", "class A:\n    import torch.nn", "theory.a:2 imports torch at module level"),
        (
            "empirics.a",
            "from lossmatters.proofs_checks.claim import Claim",
            "empirics.a:1 imports proofs_checks.claim.Claim",
        ),
        ("empirics.a", "import lossmatters.paper", "empirics.a:1 imports paper"),
        (
            "proofs_checks.a",
            "from lossmatters.empirics.engine import train",
            "proofs_checks.a:1 imports empirics.engine.train",
        ),
        (
            "proofs_checks.a",
            "from lossmatters.empirics import engine",
            "proofs_checks.a:1 imports empirics.engine",
        ),
        ("proofs_checks.a", "import lossmatters.paper.figures", "proofs_checks.a:1 imports paper.figures"),
        ("proofs_checks.a", "import torch", "proofs_checks.a:1 imports torch at module level"),
        (
            "paper.a",
            "from lossmatters.proofs_checks.methods import exact",
            "paper.a:1 imports proofs_checks.methods.exact",
        ),
        ("paper.a", "import lossmatters.empirics.engine", "paper.a:1 imports empirics.engine"),
        ("paper.a", "def f():\n    import torch", "paper.a:2 imports torch"),
        ("lossmatters", "import torch", "lossmatters:1 imports torch at module level"),
        ("lossmatters", "import tests", "lossmatters:1 imports tests"),
        ("theory.a", "import theory.losses", "theory.a:1 imports theory.losses without lossmatters."),
        ("paper.a", "from theory import losses", "paper.a:1 imports theory.losses without lossmatters."),
    ],
)
def test_a_violation_is_found(module, source, said):
    assert any(said in text for text in violations(source, module)), violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("theory.a", "def f():\n    import torch\n    from lossmatters.theory.losses import criterion"),
        ("theory.a", "if TYPE_CHECKING:\n    from torch import Tensor"),
        ("theory.backends.torch_ops", "import torch"),
        ("theory.a", "from .losses import get"),
        (
            "empirics.engine.a",
            "import torch\nfrom lossmatters.theory.losses import get\nfrom ..records import read",
        ),
        (
            "proofs_checks.a",
            "from lossmatters.empirics.records import read\nfrom lossmatters.empirics import records",
        ),
        (
            "paper.a",
            "from lossmatters.proofs_checks.ledger import build\n"
            "from lossmatters.proofs_checks import claim, ledger",
        ),
        ("paper.a", "import lossmatters.theory.losses, lossmatters.empirics.records, torchmetrics, theoryx"),
    ],
)
def test_what_is_allowed_passes(module, source):
    assert violations(source, module) == []


def test_relative_imports_are_resolved():
    assert [i.name for i in imports("from .. import b\nfrom .c import d", "p.q.r")] == ["p.b", "p.q.c.d"]
    assert [i.name for i in imports("from . import b", "p.q", is_package=True)] == ["p.q.b"]


def room(module: str) -> str:
    """Return the room of a module: theory.risk for ``theory.risk.excess``, itself for ``theory.noise``."""
    return ".".join(module.split(".")[:2])


def edges(sources: Iterable[tuple[str, str, bool]], known: Iterable[str]) -> set[tuple[str, str]]:
    """Every import of one known module by another, lazy ones too; of a package's face, of its parts."""
    known = set(known)
    found = set()
    for module, source, is_package in sources:
        for full, _, _ in imports(source, PREFIX + module, is_package):
            name = short(full)
            while name and name not in known:
                name = name.rpartition(".")[0]
            if name and name != module:
                found.add((module, name))
    return found


def circles(arrows: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the groups of names that reach each other, each sorted: none where all arrows go one way."""
    targets: dict[str, set[str]] = {}
    for start, end in arrows:
        targets.setdefault(start, set()).add(end)

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for end in targets.get(todo.pop(), set()) - seen:
                seen.add(end)
                todo.append(end)
        return seen

    reached = {name: reach(name) for name in targets}
    return sorted(
        {
            tuple(sorted(end for end in ends if start in reached.get(end, ())))
            for start, ends in reached.items()
            if start in ends
        }
    )


def all_edges() -> set[tuple[str, str]]:
    sources = ((m, p.read_text(encoding="utf-8"), p.name == "__init__.py") for m, p in MODULES.items())
    return edges(sources, MODULES)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_rooms_of_a_package_stand_on_floors(package):
    """Rooms import each other in one direction; the lazy circle of losses and criteria is the exception."""
    between = {(room(a), room(b)) for a, b in all_edges() if within(a, package) and within(b, package)}
    between = {(a, b) for a, b in between if a != b and package not in (a, b) and (a, b) not in CIRCLES}
    assert circles(between) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_reaches_itself(package):
    """Nor do modules inside a room. (A face imports its parts, so no part imports its face.)"""
    inside = {(a, b) for a, b in all_edges() if within(a, package) and within(b, package)}
    inside = {(a, b) for a, b in inside if (room(a), room(b)) not in CIRCLES}
    assert circles(inside) == []


def test_a_circle_is_found():
    assert circles([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]) == [("a", "b", "c")]
    assert circles([("a", "b"), ("b", "c"), ("a", "c")]) == []
    found = edges(
        [("theory.a", "def f():\n    from lossmatters.theory.b import x", False)], ["theory.a", "theory.b"]
    )
    assert found == {("theory.a", "theory.b")}
