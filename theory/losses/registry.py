"""Losses by name, and the text that names a loss on a command line."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from lossmatters.theory.exact import exact, fail
from lossmatters.theory.losses.averaging import label_mean, noise_averaged
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.losses.combinators import Normalized
from lossmatters.theory.losses.corrected import WAYS, corrected
from lossmatters.theory.losses.made import made, split_call
from lossmatters.theory.losses.sent import find_those_of_the_parent, is_as_it_was, remember
from lossmatters.theory.losses.symmetrising import symmetrised

LOSSES: dict[str, type[Loss]] = {}
ALIASES = {"0-1": "zero-one", "ce": "cce", "cross-entropy": "cce", "l1": "mae", "brier": "mse"}

WRAPPERS = ("symmetrise", "label_mean", "noisy", *WAYS)  # words that make a loss of a loss

LONGEST, DEEPEST = 2000, 40  # of a text that names a loss: characters, opening brackets

USERS = "_lossmatters_user_"  # the modules of users' files are named after these with this before

LossClass = TypeVar("LossClass", bound=type[Loss])


class LossFileError(ValueError):
    """A user's file could not be loaded as a loss."""


def register(cls: LossClass) -> LossClass:
    """Add a loss to the registry under its `name`: a class decorator.

    The same class defined again (a notebook cell run twice, a file loaded twice) replaces itself.

    Raises
    ------
    TypeError : not a Loss class.
    ValueError : no name, a name with other characters than a-z, 0-9 and "-", or a name already taken.
    """
    if not (isinstance(cls, type) and issubclass(cls, Loss)):
        raise TypeError(f"registered class must be a subclass of Loss, got class={cls!r}")
    if not cls.name or not cls.name.replace("-", "").isalnum() or cls.name != cls.name.lower():
        fail("name", "non-empty lower-case letters, digits and '-'", cls.name)
    known = LOSSES.get(cls.name)
    again = known is not None and (known.__module__, known.__qualname__) == (cls.__module__, cls.__qualname__)
    if cls.name in ALIASES or (known is not None and not again):
        fail("name", "free (another loss has it)", cls.name)
    LOSSES[cls.name] = cls
    return cls


def get(spec: str | Loss | type[Loss] | Callable[..., object], /, **parameters: object) -> Loss:
    """Return a loss from its name or text.

    Accepts a registered name with `parameters`; ``NAME(alpha=1/10)``; sums, positive multiples and
    ``Normalized(...)`` of those, such as ``0.5*cce + mae``; ``symmetrise(...)``, ``label_mean(...)``,
    ``noisy(..., eta=2/5)``, ``backward(..., eta=2/5)`` and ``forward(..., eta=2/5)`` of one;
    ``path/to/file.py:obj`` or ``package.module:obj``, where obj is a Loss, a callable ``(logits, labels) ->
    (N,)``, or a class of either, with its arguments if it needs some, as ``mine.py:Focal(10, alpha=0.1)``; or
    such an object itself. A file finds what lies beside it, as a script does, and a module is also looked for
    in the current folder.

    Raises
    ------
    ValueError : unknown name (with the nearest ones), text that does not parse, parameter out of domain.
    TypeError : a parameter that the loss does not have, an object that is no loss.
    LossFileError : a file or module that is missing, raises, or has no such object.

    >>> get("rll", alpha=0.1) == get("RLL(alpha=1/10)")
    True
    >>> get("0.5*CCE() + MAE()").spec
    '1/2*cce + mae'
    """
    if not isinstance(spec, str):
        return _instance(spec, parameters, repr(spec))
    if len(spec) > LONGEST or spec.count("(") > DEEPEST:
        raise ValueError(
            f"loss must have at most {LONGEST} characters and {DEEPEST} brackets, got loss={spec[:60]!r}..."
        )
    target, arguments = split_call(spec)
    path, colon, attribute = target.rpartition(":")
    if colon and path.endswith(".py"):
        return _instance(made(_named(_load(Path(path)), attribute), arguments, spec), parameters, spec)
    if colon and all(part.isidentifier() for part in path.split(".")):
        return _instance(made(_named(_imported(path), attribute), arguments, spec), parameters, spec)
    if spec.endswith(".py"):
        fail("loss file", "given as path/to/file.py:object", spec)
    if parameters or _canonical(spec) in LOSSES:
        return _build(spec, parameters)
    try:
        tree = ast.parse(_protect(spec), mode="eval").body
    except (SyntaxError, ValueError):
        raise ValueError(f"loss must be a name or NAME(parameter=value), got loss={spec!r}") from None
    value = _evaluate(tree, spec)
    return value if isinstance(value, Loss) else fail("loss", "a loss, not a number", spec)


def _canonical(name: str) -> str:
    key = name.strip().lower().replace("_", "-")
    return ALIASES.get(key, key)


def _protect(spec: str) -> str:
    """Return names with '-' (zero-one, user's own) made parsable: longest first, '-' to '_'."""
    text = spec.strip()
    for name in sorted([*LOSSES, *ALIASES], key=len, reverse=True):
        if "-" in name:
            text = text.replace(
                name, "_" + name.replace("-", "_") if name[0].isdigit() else name.replace("-", "_")
            )
    return text


def _build(name: str, parameters: dict[str, object]) -> Loss:
    key = _canonical(name)
    if key not in LOSSES:
        key = _canonical(name.lstrip("_"))
    if key not in LOSSES:
        near = difflib.get_close_matches(key, [*LOSSES, *ALIASES], n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(sorted(LOSSES))}"
        raise ValueError(f"loss must be a known loss, got loss={name!r}; {hint}")
    return _construct(LOSSES[key], parameters)


def _construct(cls: type[Loss], parameters: dict[str, object]) -> Loss:
    fields: tuple[dataclasses.Field[Any], ...] = (
        dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    )
    names = [f.name for f in fields if f.init]
    for key in parameters:
        if key not in names:
            has = f"its parameters are {', '.join(names)}" if names else "it has no parameters"
            raise TypeError(f"{cls.name or cls.__name__} has no parameter {key!r}; {has}")
    return cls(**parameters)


def _instance(obj: object, parameters: dict[str, object], spec: str) -> Loss:
    if isinstance(obj, type) and issubclass(obj, Loss):
        return _construct(obj, parameters)
    if isinstance(obj, Loss):
        return dataclasses.replace(obj, **parameters) if parameters else obj  # type: ignore[type-var]
    if parameters:
        raise TypeError(f"{spec} is no Loss class, so it takes no parameters")
    if isinstance(obj, type) and _makes_callables(obj):
        try:
            obj = obj()
        except TypeError as error:
            raise TypeError(f"loss must be made first, got a class that needs arguments: {error}") from None
        except Exception as error:
            raise LossFileError(f"making {spec} raised {type(error).__name__}: {error}") from error
    if callable(obj) and not isinstance(obj, type):
        return CallableLoss(obj)
    raise TypeError(
        f"loss must be a Loss, a Loss class or a callable (logits, labels) -> (N,), got loss={spec}"
    )


def _makes_callables(cls: type) -> bool:
    """Tell whether what a class makes can be called: a torch module, a Keras loss, a class of one's own."""
    return hasattr(cls, "forward") or any("__call__" in vars(base) for base in cls.__mro__)


@contextmanager
def _looking_in(folder: Path) -> Iterator[None]:
    """Let modules of this folder be imported, in a block."""
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield
    finally:
        sys.path.remove(str(folder.resolve()))


def _load(path: Path) -> ModuleType:
    """Return the module of a user's file, in a namespace of its own, with what lies beside it.

    One content is run once: objects of two modules of one file would be of classes that only look alike.
    """
    if not path.is_file():
        raise LossFileError(f"loss file must exist, got path={str(path)!r}")
    folder = path.resolve().parent
    name = f"{USERS}{path.stem}_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    if name in sys.modules and is_as_it_was(name, path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        with _beside(folder):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that calls sys.exit must not end this program
        del sys.modules[spec.name]
        raise LossFileError(f"{path} raised {type(error).__name__}: {error}") from error
    remember(name, path)
    return module


_BESIDE: dict[str, Path] = {}  # modules that users' files found beside themselves, and where


@contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """Let modules of a folder be imported, while those of the same name from another user's folder cannot."""
    for name in [name for name, home in _BESIDE.items() if home != folder]:
        sys.modules.pop(name, None)
        del _BESIDE[name]
    before = set(sys.modules)
    try:
        with _looking_in(folder):
            yield
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and folder in Path(file).resolve().parents and not name.startswith(USERS):
                _BESIDE[name] = folder


find_those_of_the_parent(_beside)


def _imported(name: str) -> ModuleType:
    """Return an installed module, or one of the current folder."""
    try:
        with _looking_in(Path()):
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise LossFileError(f"importing {name} raised {type(error).__name__}: {error}") from error


def _named(module: ModuleType, attribute: str) -> object:
    """Return what a module calls by this name."""
    if not hasattr(module, attribute):
        public = [name for name, value in vars(module).items() if _may_be_meant(name, value, module.__name__)]
        near = difflib.get_close_matches(attribute, public, n=3, cutoff=0.3) or public[:5]
        where = module.__file__ if module.__name__.startswith(USERS) else module.__name__
        raise LossFileError(f"{where} has no {attribute!r}; it has {', '.join(near) or 'nothing callable'}")
    return getattr(module, attribute)


def _may_be_meant(name: str, value: object, module: str) -> bool:
    """Tell whether it is a loss or a callable that the file made itself, not one that it imported."""
    home = str(getattr(value, "__module__", None))
    own = callable(value) and (home == module or home.startswith(f"{module}."))  # a package shows its parts
    return not name.startswith("_") and (own or isinstance(value, Loss))


def _evaluate(node: ast.expr, spec: str) -> Any:
    """Return the value of the small language of `get`: numbers, names, calls, + * / and unary minus."""
    match node:
        case ast.Constant(value=int() | float() | str() as value) if not isinstance(value, bool):
            return exact(value, "number")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(_evaluate(operand, spec), spec)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _evaluate(left, spec), _evaluate(right, spec)
            if isinstance(first, Loss) == isinstance(second, Loss):
                return first + second
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            first, second = _evaluate(left, spec), _evaluate(right, spec)
            if not (isinstance(first, Loss) and isinstance(second, Loss)):
                return first * second
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            first, second = _evaluate(left, spec), _number(_evaluate(right, spec), spec)
            if second != 0:
                return first / second if isinstance(first, Fraction) else (1 / second) * first
        case ast.Name(id=name):
            return _build(name, {})
        case ast.Call(func=ast.Name(id="Normalized"), args=[base], keywords=[]):
            return Normalized(_evaluate(base, spec))
        case ast.Call(func=ast.Name(id=word), args=[base], keywords=keywords) if word.lower() in WRAPPERS:
            inner = _evaluate(base, spec)
            given = {str(k.arg): _number(_evaluate(k.value, spec), spec) for k in keywords}
            if isinstance(inner, Loss):
                return _wrapped(word.lower(), inner, given, spec)
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords):
            return _build(name, {str(k.arg): _number(_evaluate(k.value, spec), spec) for k in keywords})
    raise ValueError(
        f"loss must be a name, NAME(parameter=value) or a sum of multiples of those, got loss={spec!r}"
    )


def _wrapped(word: str, base: Loss, given: dict[str, Fraction], spec: str) -> Loss:
    """Return a loss made of another by its word: symmetrise(X), backward(X, eta=2/5), ..."""
    needs = () if word in ("symmetrise", "label_mean") else ("eta",)
    if tuple(given) != needs:
        has = "takes eta=RATE beside the loss" if needs else "takes a loss alone"
        raise ValueError(f"{word} {has}, got loss={spec!r}")
    if word in WAYS:
        return corrected(base, given["eta"], word)
    if word == "noisy":
        return noise_averaged(base, given["eta"])
    return symmetrised(base) if word == "symmetrise" else label_mean(base)


def _number(value: object, spec: str) -> Fraction:
    return value if isinstance(value, Fraction) else fail("parameter", f"a number in {spec!r}", value)
