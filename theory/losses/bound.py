"""A loss as one backend sees it: its functions traced once, and computed by that backend."""

from __future__ import annotations

from typing import Any, Generic, Protocol

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.formula import classes_of, evaluate, trace_bound, trace_function, trace_weights
from lossmatters.theory.formula.subject import Subject

WRITTEN_OUT = ("formula", "direct")  # operations under which a formula runs as it is written


class _Applied(Subject, Protocol):
    def apply(self, probs: N, onehot: N, ops: Ops[N]) -> N: ...


class Bound(Generic[N]):
    """A loss whose functions are traced, and computed by one backend; other attributes are the loss's own."""

    def __init__(self, loss: _Applied, ops: Ops[N]) -> None:
        self._loss, self._ops = loss, ops

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if "_view" not in self.__dict__:
            self._view = self._loss.raw(self._ops)
        return getattr(self._view, name)

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        return self._loss.apply(probs, onehot, ops)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N:
        return self._function("on_label", t, num_classes, ops)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N:
        return self._function("off_label", t, num_classes, ops)

    def _function(self, name: str, t: N, num_classes: N | Plain, ops: Ops[N]) -> N:
        node = trace_function(self._loss, name, classes_of(num_classes))
        return evaluate(node, ops, entry=t, classes=num_classes)

    def share_weights(self, probs: N, ops: Ops[N]) -> N:
        classes = probs.shape[-1]
        return evaluate(trace_weights(self._loss, classes_of(classes)), ops, probs=probs, classes=classes)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | None:
        node = trace_bound(self._loss, classes_of(num_classes))
        return None if node is None else evaluate(node, ops, classes=num_classes)
