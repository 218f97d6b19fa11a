"""What the callable of a loss can be asked for: its parameters by name, a reduction, a floating type."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from lossmatters.proofs_checks.conformance.interface import REDUCTIONS
from lossmatters.proofs_checks.conformance.way import Way
from lossmatters.theory.losses import Loss


class Form:
    """A loss as a callable: what it takes by name, and the form of it that gives a reduction in a type."""

    def __init__(self, loss: Any, way: Way) -> None:
        self.loss = loss
        self.way = way
        self._forms: dict[tuple[str | None, Any], Any] = {}

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Return the parameters that the loss takes when called, by name."""
        function = getattr(self.loss, "forward", self.loss)
        try:
            return inspect.signature(function).parameters
        except (TypeError, ValueError):  # some built-in functions have none
            return {}

    @property
    def missing(self) -> list[str]:
        """Return the names of parameters without a default that nothing is given for."""
        taken = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needed = [n for n, p in self.parameters.items() if p.default is p.empty and p.kind not in taken]
        return [n for n in needed[len(self.way.slots) :] if n not in {*self.way.extra, "num_classes"}]

    @cached_property
    def ignore_index(self) -> int | None:
        """Return the label that the loss ignores: as declared, or as its attribute or default says."""
        if self.way.ignore_index is not None:
            return self.way.ignore_index
        default = self.parameters.get("ignore_index")
        said = getattr(self.loss, "ignore_index", default.default if default is not None else None)
        return said if isinstance(said, int) and not isinstance(said, bool) else None

    @property
    def asks_by_name(self) -> bool:
        """Tell whether a reduction is asked for by keyword, not by an attribute."""
        import torch

        by_attribute = isinstance(self.loss, torch.nn.Module) and hasattr(self.loss, "reduction")
        return not by_attribute and "reduction" in self.parameters

    def form(
        self, reduction: str | None, dtype: Any, num_classes: int | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Return the callable that gives a reduction, and what it is given by keyword.

        Raises
        ------
        LookupError : it cannot be asked.
        """
        form, keywords = self._form(reduction, dtype)
        keywords = {**self.way.extra, **keywords}
        if "num_classes" in self.parameters and num_classes is not None:
            keywords.setdefault("num_classes", num_classes)
        return form, keywords

    def _form(self, reduction: str | None, dtype: Any) -> tuple[Any, dict[str, Any]]:
        import torch

        key = (reduction, dtype)
        if isinstance(self.loss, Loss):
            if key not in self._forms:
                self._forms[key] = self.loss.criterion(reduction=reduction or "none")
            return self._forms[key], {}
        form = self.loss
        if isinstance(form, torch.nn.Module):
            if key not in self._forms:
                held = any(t.is_floating_point() for t in [*form.parameters(), *form.buffers()])
                made: Any = copy.deepcopy(form).to(dtype) if held else copy.copy(form)
                if reduction and getattr(made, "reduction", None) in REDUCTIONS:
                    made.reduction = reduction
                self._forms[key] = made
            form = self._forms[key]
            if reduction is None or getattr(form, "reduction", None) == reduction:
                return form, {}
        if reduction is None:
            return form, {}
        if "reduction" not in self.parameters:
            raise LookupError("the loss cannot be asked for a reduction")
        return form, {"reduction": reduction}
