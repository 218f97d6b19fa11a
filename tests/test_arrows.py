"""The packages import each other in one direction only; torch stays where it belongs.

theory <- proofs_checks, theory <- empirics; proofs_checks and paper read the records of empirics;
lossmatters, the front door, sees all; nobody imports lossmatters or tests.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGES = ("theory", "proofs_checks", "empirics", "paper")
OURS = {*PACKAGES, "lossmatters", "tests"}

# What each package may import of the others: a module, which also allows what is in it.
ALLOWED: dict[str, tuple[str, ...]] = {
    "theory": (),
    "empirics": ("theory",),
    "proofs_checks": ("theory", "empirics.records"),
    "lossmatters": PACKAGES,
    "paper": ("theory", "proofs_checks.ledger", "proofs_checks.claim", "empirics.records"),
}
# Where torch may be imported at module level. Inside functions of theory it is imported when used.
TORCH_AT_TOP = ("theory.backends.torch_ops", "theory.criteria", "theory.losses.criterion", "empirics")
TORCH_LAZILY = ("theory", "proofs_checks", "empirics", "lossmatters")


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


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """What `source`, as the module named, imports that it must not."""
    package = module.split(".")[0]
    wrong = []
    for name, line, at_top in imports(source, module, is_package):
        top = name.split(".")[0]
        if top in OURS and top != package and not any(within(name, m) for m in ALLOWED[package]):
            wrong.append(f"{module}:{line} imports {name}")
        if top == "torch" and not any(within(module, m) for m in (TORCH_AT_TOP if at_top else TORCH_LAZILY)):
            wrong.append(f"{module}:{line} imports torch" + (" at module level" if at_top else ""))
    return wrong


def modules() -> dict[str, Path]:
    """The files of all packages, wherever they are installed, by module name."""
    found = {}
    for package in (*PACKAGES, "lossmatters"):
        spec = importlib.util.find_spec(package)
        assert spec is not None, f"{package} is not importable"
        assert spec.submodule_search_locations
        root = Path(spec.submodule_search_locations[0])
        for path in sorted(root.rglob("*.py")):
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
        ("theory.a", "import proofs_checks", "theory.a:1 imports proofs_checks"),
        ("theory.a", "from empirics import records", "theory.a:1 imports empirics.records"),
        ("theory.a", "def f():\n    import paper.names", "theory.a:2 imports paper.names"),
        ("theory.a", "from lossmatters import main", "theory.a:1 imports lossmatters.main"),
        ("theory.a", "import tests.conftest", "theory.a:1 imports tests.conftest"),
        ("theory.a", "if TYPE_CHECKING:\n    import empirics", "theory.a:2 imports empirics"),
        ("theory.a", "import importlib\nimportlib.import_module('paper')", "theory.a:2 imports paper"),
        ("theory.a", "import torch", "theory.a:1 imports torch at module level"),
        (
            "theory.a",
            "try:\n    from torch import nn\nexcept ImportError: pass",
            "theory.a:2 imports torch at module",
        ),
        ("theory.a", "class A:\n    import torch.nn", "theory.a:2 imports torch at module level"),
        (
            "empirics.a",
            "from proofs_checks.claim import Claim",
            "empirics.a:1 imports proofs_checks.claim.Claim",
        ),
        ("empirics.a", "import paper", "empirics.a:1 imports paper"),
        (
            "proofs_checks.a",
            "from empirics.engine import train",
            "proofs_checks.a:1 imports empirics.engine.train",
        ),
        ("proofs_checks.a", "from empirics import engine", "proofs_checks.a:1 imports empirics.engine"),
        ("proofs_checks.a", "import paper.figures", "proofs_checks.a:1 imports paper.figures"),
        ("proofs_checks.a", "import torch", "proofs_checks.a:1 imports torch at module level"),
        (
            "paper.a",
            "from proofs_checks.methods import exact",
            "paper.a:1 imports proofs_checks.methods.exact",
        ),
        ("paper.a", "import empirics.engine", "paper.a:1 imports empirics.engine"),
        ("paper.a", "def f():\n    import torch", "paper.a:2 imports torch"),
        ("lossmatters", "import torch", "lossmatters:1 imports torch at module level"),
        ("lossmatters", "import tests", "lossmatters:1 imports tests"),
    ],
)
def test_a_violation_is_found(module, source, said):
    assert any(said in text for text in violations(source, module)), violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("theory.a", "def f():\n    import torch\n    from theory.losses import criterion"),
        ("theory.a", "if TYPE_CHECKING:\n    from torch import Tensor"),
        ("theory.backends.torch_ops", "import torch"),
        ("theory.a", "from .losses import get"),
        ("empirics.engine.a", "import torch\nfrom theory.losses import get\nfrom ..records import read"),
        ("proofs_checks.a", "from empirics.records import read\nfrom empirics import records"),
        ("paper.a", "from proofs_checks.ledger import build\nfrom proofs_checks import claim, ledger"),
        ("paper.a", "import theory.losses, empirics.records, torchmetrics, theoryx"),
    ],
)
def test_what_is_allowed_passes(module, source):
    assert violations(source, module) == []


def test_relative_imports_are_resolved():
    assert [i.name for i in imports("from .. import b\nfrom .c import d", "p.q.r")] == ["p.b", "p.q.c.d"]
    assert [i.name for i in imports("from . import b", "p.q", is_package=True)] == ["p.q.b"]
