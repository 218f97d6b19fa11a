"""How a loss wants its arguments: of which kind, in which order, with what beside them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lossmatters.theory.exact import fail

if TYPE_CHECKING:
    from torch import Tensor

KINDS = ("logits", "scores", "log probs", "probs", "binary logits")
LIBRARIES = ("", "numpy", "jax", "keras")  # "" is torch
TAKES = tuple(f"{library} {kind}".strip() for library in LIBRARIES for kind in KINDS)
TARGETS = ("labels", "onehot")
DTYPES = ("", "float32")
LAYOUTS = ("rows", "images")
OUTPUTS = ("z", "logits", "probs", "outputs")  # names in a call for what the network gives
LABELS = ("y", "labels", "targets", "target")


@dataclass(frozen=True)
class Way:
    """How a loss is called.

    Attributes
    ----------
    kind : what it is a function of: "logits", "scores" (each for itself, such as of sigmoids: a number added
        to all changes them), "log probs", "probs", or "binary logits" (one number a sample, the logit of
        class 1 of 2).
    library : "" for torch, "numpy", "jax" or "keras".
    targets : "labels" (N,), or "onehot" (N, K).
    dtype : "float32" for a loss that takes no float64, else "".
    layout : "rows" (N, K), or "images" (N, K, 1, 1) with labels (N, 1, 1).
    batch_of : the batch size must be a multiple of this; samples are repeated to reach it.
    ignore_index : the label that says that there is none, None where no label does.
    slots : positional arguments after a call such as "loss(y, z, 1)": "z", "y", or a value in a tuple.
    extra : arguments by name, always the same.
    nudged : a class and the share by which its probability is made larger: what rounding does to it.
    """

    kind: str = "logits"
    library: str = ""
    targets: str = "labels"
    dtype: str = ""
    layout: str = "rows"
    batch_of: int = 1
    ignore_index: int | None = None
    slots: tuple[Any, ...] = ("z", "y")
    extra: Mapping[str, Any] = field(default_factory=dict)
    nudged: tuple[int, float] | None = None

    @property
    def takes(self) -> str:
        """Return the text that `declare` takes for it."""
        return f"{self.library} {self.kind}".strip()

    @property
    def is_plain(self) -> bool:
        """Tell whether a loss is given logits (N, K) of torch and labels, and nothing else."""
        return self == Way()

    def outputs(self, logits: Tensor) -> Tensor:
        """Return the tensor that the loss is a function of."""
        import torch

        if self.dtype and logits.dtype == torch.float64:
            logits = logits.to(getattr(torch, self.dtype))
        if self.kind == "probs":
            found = torch.softmax(logits, dim=-1)
            if self.nudged:
                share = torch.zeros(found.shape[-1], dtype=found.dtype)
                share[self.nudged[0]] = self.nudged[1]
                found = (found * (1 + share)).clamp(0, 1)
        elif self.kind == "log probs":
            found = torch.log_softmax(logits, dim=-1)
        elif self.kind == "binary logits":
            return logits[..., 1] - logits[..., 0]
        else:
            found = logits
        return found[:, :, None, None] if self.layout == "images" else found

    def labels(self, labels: Tensor, like: Tensor, num_classes: int) -> Tensor:
        """Return the labels as the loss wants them, beside outputs `like`."""
        import torch

        if self.kind == "binary logits":
            return labels.to(like.dtype)
        if self.targets == "onehot":
            made = torch.nn.functional.one_hot(labels.long(), num_classes).to(like.dtype)
            return made[:, :, None, None] if self.layout == "images" else made
        return labels[:, None, None] if self.layout == "images" else labels

    def placed(self, outputs: Any, labels: Any) -> list[Any]:
        """Return the positional arguments."""
        return [outputs if s == "z" else labels if s == "y" else s[0] for s in self.slots]


def way(
    takes: str = "logits",
    targets: str = "labels",
    dtype: str = "",
    layout: str = "rows",
    batch_of: int = 1,
    ignore_index: int | None = None,
    call: str = "",
    given: Mapping[str, Any] | str | None = None,
) -> Way:
    """Return the way that is declared; see `declare`.

    Raises
    ------
    ValueError, TypeError : a word that is not known, a call that is no call of `loss` with literals.
    """
    for name, value, known in (
        ("takes", takes, TAKES),
        ("targets", targets, TARGETS),
        ("dtype", dtype, DTYPES),
        ("layout", layout, LAYOUTS),
    ):
        if value not in known:
            fail(name, f"one of {', '.join(word for word in known if word)}", value)
    if not isinstance(batch_of, int) or isinstance(batch_of, bool) or not 1 <= batch_of <= 64:
        fail("batch_of", "an integer from 1 to 64", batch_of)
    if ignore_index is not None and (not isinstance(ignore_index, int) or isinstance(ignore_index, bool)):
        fail("ignore_index", "an integer", ignore_index)
    slots, extra = parse_call(call) if call else (("z", "y"), {})
    library, _, kind = takes.partition(" ") if takes.partition(" ")[0] in LIBRARIES else ("", "", takes)
    if library == "keras" and not call:
        slots = ("y", "z")  # as all losses of Keras take them
    return Way(
        kind, library, targets, dtype, layout, batch_of, ignore_index, slots, {**extra, **parse_given(given)}
    )


def parse_given(given: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """Return further arguments from a dict, or from the text of one; text is read, never evaluated."""
    if isinstance(given, str):
        try:
            given = ast.literal_eval(given)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            fail("given", "a dict of literals such as {'epoch': 1}", given)
    if given is not None and not (isinstance(given, Mapping) and all(isinstance(key, str) for key in given)):
        fail("given", "a dict with names as keys, such as {'epoch': 1}", given)
    return dict(given or {})


def parse_call(text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the slots and further arguments of a call, which is read, never evaluated."""
    condition = "a call like loss(z, y, epoch=1), of z, y and literals"
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        fail("call", condition, text)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        fail("call", condition, text)
    slots = tuple(_slot(argument, text, condition) for argument in node.args)
    extra = {}
    for keyword in node.keywords:
        slot = _slot(keyword.value, text, condition)
        if keyword.arg is None or not isinstance(slot, tuple):
            fail("call", f"{condition}; z and y without names", text)
        extra[keyword.arg] = slot[0]
    if slots.count("z") != 1 or slots.count("y") != 1:
        fail("call", f"{condition}, each of z and y once", text)
    return slots, extra


def _slot(node: ast.expr, text: str, condition: str) -> Any:
    if isinstance(node, ast.Name):
        if node.id in OUTPUTS:
            return "z"
        if node.id in LABELS:
            return "y"
        fail("call", condition, text)
    try:
        return (ast.literal_eval(node),)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return fail("call", condition, text)
