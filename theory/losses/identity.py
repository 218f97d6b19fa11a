"""What a loss *is*: what it computes, not what it inherits."""

from __future__ import annotations

from functools import lru_cache

DEFINING = (
    *("formula", "on_label", "off_label", "weights", "make_base", "base", "active", "passive"),
    *("apply", "all_labels", "label_sum", "generator", "has_off_label", "raw", "bound_to"),
    *("written", "run_at"),
)
DECLARED = ("upper_bound", "symmetric", "bounded", "latex")


class LossClass(type):
    """The class of loss classes: an instance is *of* a class only if it computes what that class says.

    ``isinstance(loss, SeparableLoss)`` is the question whether a loss is separable, on which generators,
    maxima and kernels rest. A class that redefines `formula` below a separable loss, or `on_label` below MAE,
    computes something else, whatever it inherits: of `SeparableLoss`, or of `MAE`, it is no instance.
    """

    def __instancecheck__(cls, instance: object) -> bool:
        kind: type = type(instance)
        return cls in kind.__mro__ and (cls is kind or _known(cls, kind))


def speaks_for(cls: type, kind: type) -> bool:
    """Return whether a class says what an instance of a class below it computes.

    The classes of this package do so for each other. For a class of a user's they do where the functions that
    define a loss come from the nearest of them, or fill in what that leaves open.
    """
    if not _ours(cls) or cls.__dict__.get("_any", False):
        return True
    home = cls if "_open" in cls.__dict__ else next(c for c in kind.__mro__ if _ours(c))
    left_open = home.__dict__.get("_open", ())
    return all(
        getattr(kind, name) is getattr(home, name)
        for name in DEFINING
        if name not in left_open and hasattr(home, name)
    )


_known = lru_cache(maxsize=4096)(speaks_for)  # asked at every isinstance


def _ours(cls: type) -> bool:
    return cls.__module__.startswith("lossmatters.")


def drop_what_was_declared(cls: type, root: type) -> None:
    """Take from a new class what was declared for another formula, and what it says of derived sums.

    A label sum and a generator follow from the formula; a user's class does not get to say what they are.
    A maximum or a property that a class above declares is about the formula above.
    """
    if _ours(cls):
        return
    own = cls.__dict__
    for name in ("label_sum", "generator", "written", "run_at"):
        if name in own:
            delattr(cls, name)
    above = cls.__mro__[1]
    changes = [n for n in DEFINING if n in cls.__dict__ and n not in above.__dict__.get("_open", ())]
    if above is not root and changes and "_open" not in above.__dict__:
        for name in DECLARED:
            if name not in own:
                setattr(cls, name, root.__dict__[name])
