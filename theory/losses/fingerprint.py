"""What a loss computes, as a short text: losses of one name and different formulas have different ones."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

from lossmatters.theory.formula import FormulaError, trace_formula, walk
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import CallableLoss

DIGITS = 16


def fingerprint(loss: Loss, num_classes: int) -> str | None:
    """Return 16 hexadecimal digits that stand for what a user's loss computes at one K; None for ours.

    Of a formula they are those of its trace, so that comments and names change nothing. Of a function of
    tensors, of which nothing can be traced, they are those of its source and of every module that it imports,
    the installed ones left out.

    >>> from lossmatters.theory.losses import RLL
    >>> fingerprint(RLL(), 10) is None
    True
    """
    if _is_ours(loss):
        return None
    return _digest("\n".join(_contents(loss, num_classes)))


def _is_ours(loss: Loss) -> bool:
    own = type(loss).__module__.startswith("lossmatters.") and not isinstance(loss, CallableLoss)
    return own and all(map(_is_ours, _parts(loss)))


def _parts(value: object) -> Iterator[Loss]:
    """Yield the losses that a loss is made of."""
    for field in fields(value) if is_dataclass(value) else ():
        yield from _losses_in(getattr(value, field.name))


def _losses_in(value: object) -> Iterator[Loss]:
    if isinstance(value, Loss):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _losses_in(part)


def _contents(loss: Loss, num_classes: int) -> list[str]:
    if isinstance(loss, CallableLoss):
        return _sources(loss.function)
    opaque = [part for part in _all_parts(loss) if isinstance(part, CallableLoss)]
    if opaque:
        return [loss.spec, *(line for part in opaque for line in _sources(part.function))]
    try:
        return _nodes(loss, num_classes)
    except FormulaError:  # it cannot be trained either; whoever tries is told why
        return _sources(type(loss))


def _all_parts(loss: Loss) -> Iterator[Loss]:
    for part in _parts(loss):
        yield part
        yield from _all_parts(part)


def _nodes(loss: Loss, num_classes: int) -> list[str]:
    places: dict[int, int] = {}
    lines = []
    for node in walk(trace_formula(loss, num_classes)):
        places[id(node)] = len(places)
        value = "" if node.value is None else node.value
        lines.append(" ".join([node.op, *(str(places[id(a)]) for a in node.args), f"{value}"]))
    return lines


def _sources(function: object) -> list[str]:
    """Return the source of what defines a function, and of the modules that it imports and that are no
    package's.
    """
    holder = function if inspect.isroutine(function) or isinstance(function, type) else type(function)
    module = sys.modules.get(getattr(holder, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    if module is None or not file:  # typed in: no file to read
        code = getattr(function, "__code__", None) or getattr(
            getattr(holder, "forward", None), "__code__", None
        )
        return [repr((code.co_code, code.co_consts, code.co_names)) if code else repr(holder)]
    found: dict[Path, str] = {}
    _read(Path(file), getattr(module, "__package__", None) or "", found)
    texts = sorted(f"{file.name}\n{text}" for file, text in found.items())
    return [getattr(holder, "__qualname__", ""), *texts]


def _read(file: Path, package: str, found: dict[Path, str]) -> None:
    file = file.resolve()
    if file in found or _is_installed(file) or not file.is_file():
        return
    found[file] = file.read_text(encoding="utf-8", errors="replace")
    for name in _imports(found[file], package):
        if name.partition(".")[0] == "lossmatters":
            continue
        other = _beside(file, name) or getattr(sys.modules.get(name), "__file__", None)
        if other:
            _read(Path(other), name.rpartition(".")[0], found)


def _beside(file: Path, name: str) -> Path | None:
    """Return the file of a module that lies beside another: of two users' modules of one name, its own."""
    place = file.parent.joinpath(*name.split("."))
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((c for c in candidates if c.is_file()), None)


def _imports(text: str, package: str) -> Iterator[str]:
    """Yield the names of the modules that a source imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                yield from (".".join(parts[: i + 1]) for i in range(len(parts)))
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            home = ".".join([*above, *([node.module] if node.module else [])])
            yield home
            yield from (f"{home}.{alias.name}" for alias in node.names)


@cache
def _installed() -> tuple[Path, ...]:
    import sysconfig

    places = {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(Path(place).resolve() for place in places)


def _is_installed(file: Path) -> bool:
    """Return whether a file belongs to Python or an installed package; records hold the versions of those."""
    return any(place in file.parents for place in _installed()) or file.suffix != ".py"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
