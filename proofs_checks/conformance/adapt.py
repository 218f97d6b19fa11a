"""What is accepted as a loss, and how it wants to be called: found out by calling it, not guessed."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lossmatters.proofs_checks.conformance.declared import Declared
from lossmatters.proofs_checks.conformance.report import Broken
from lossmatters.theory.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor

REDUCTIONS = ("none", "mean", "sum")
SIZES = (3, 5, 4, 10, 2, 6, 7, 8, 9, 100, 1000)  # the first that works is used where one K is enough
ORDINARY = 64  # units of noise that any sound formula has
FEW = (2, 10)  # drawn from too, where they work


@dataclass(frozen=True)
class Interface:
    """How a loss answers.

    Attributes
    ----------
    num_classes : the K that is used where one is enough.
    refused : K -> the error, for each K tried without success before one worked.
    reduction : of a plain call: "none", "mean", "sum", or "unknown" (a number that is neither the mean nor
        the sum of the samples').
    askable : the reductions that it gives when asked, by attribute or keyword; all found to work.
    """

    num_classes: int
    refused: dict[int, str]
    reduction: str
    askable: tuple[str, ...]


class Subject:
    """A loss to check, with what it declares. Made by `declare`; called like the loss itself."""

    def __init__(
        self,
        loss: Any,
        name: str,
        takes: str,
        num_classes: int | None,
        expected_failures: Mapping[str, str],
        declared: Declared,
    ) -> None:
        self.loss = loss
        self.name = name
        self.takes = takes
        self.only_classes = num_classes
        self.expected_failures = dict(expected_failures)
        self.declared = declared
        self.import_changes: list[str] | None = None  # set by `load`: what importing its file changed
        self._forms: dict[Any, Any] = {}

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self.loss(*arguments, **keywords)

    def __repr__(self) -> str:
        return f"Subject({self.name})"

    @property
    def formula(self) -> Loss | None:
        """Return the formula that the loss is declared to be, or is."""
        return self.declared.formula or (self.loss if isinstance(self.loss, Loss) else None)

    @property
    def is_numpy(self) -> bool:
        return self.takes == "numpy probs"

    # -- calling ---------------------------------------------------------------------------------

    def raw(self, logits: Tensor, labels: Tensor, reduction: str | None = None) -> Any:
        """Return what the loss itself returns, with a reduction asked for or left as it is."""
        import torch

        form, keywords = self._form(reduction, logits.dtype)
        if "num_classes" in self._parameters:
            keywords["num_classes"] = logits.shape[-1]
        if self.takes == "logits":
            return form(logits, labels, **keywords)
        probs = torch.softmax(logits, dim=-1)
        if not self.is_numpy:
            return form(probs, labels, **keywords)
        values = form(probs.detach().numpy(), labels.numpy(), **keywords)
        return torch.as_tensor(values)

    def values(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample, (N, K) and (N,) -> (N,), computed on copies.

        Raises
        ------
        Broken : the loss raised an error, or returned something else than one number a sample.
        """
        import torch

        reduction = "none" if "none" in self.interface.askable else None
        try:
            if reduction or self.interface.reduction == "none":
                found = self.raw(logits.clone(), labels.clone(), reduction)
            else:
                rows = range(len(labels))
                each = [self.raw(logits[i : i + 1].clone(), labels[i : i + 1].clone()) for i in rows]
                found = torch.stack([value.reshape(()) for value in each]) if each else logits.sum(dim=-1)
        except Exception as error:
            raise Broken(
                f"the loss raised {type(error).__name__}: {one_line(error)}", logits=logits, labels=labels
            ) from error
        if len(labels) == 1 and found.numel() == 1:
            found = found.reshape(1)  # a lost axis is the business of `one_sample`
        if found.shape != labels.shape:
            raise Broken(
                f"the loss returned shape {tuple(found.shape)} for {len(labels)} samples",
                logits=logits,
                labels=labels,
            )
        return found

    def matrix(self, logits: Tensor) -> Tensor:
        """Entry [n, j] is the loss of sample n had its label been j: (N, K) -> (N, K), without gradients."""
        import torch

        size, classes = logits.shape
        labels = torch.arange(classes).repeat(size)
        with torch.no_grad():
            return self.values(logits.repeat_interleave(classes, dim=0), labels).reshape(size, classes)

    def gradient(self, logits: Tensor, labels: Tensor) -> Tensor:
        """dL/dlogits of each sample: (N, K) and (N,) -> (N, K).

        Raises
        ------
        Broken : no gradient flows, or the backward pass raised.
        """
        import torch

        leaf = logits.clone().requires_grad_()
        total = self.values(leaf * 1, labels).sum()  # no leaf: what changes its input in place gets one too
        if not total.requires_grad:
            raise Broken("no gradient flows from the value to the logits", logits=logits, labels=labels)
        try:
            # not backward(), which would leave gradients in what a loss closes over
            (found,) = torch.autograd.grad(total, leaf, allow_unused=True)
        except Exception as error:
            raise Broken(
                f"backward raised {type(error).__name__}: {one_line(error)}", logits=logits, labels=labels
            ) from error
        return found if found is not None else logits * 0

    # -- found out -------------------------------------------------------------------------------

    @cached_property
    def interface(self) -> Interface:
        """Return how the loss answers.

        Raises
        ------
        TypeError : it could not be called at any K, or gives no number or one loss a sample.
        """
        refused: dict[int, str] = {}
        sizes = (self.only_classes,) if self.only_classes else SIZES
        for size in sizes:
            try:
                found = self.raw(*probe(size))
            except Exception as error:
                refused[size] = f"{type(error).__name__}: {one_line(error)}"
                continue
            reduction = self._reduction(found, size)
            return Interface(size, refused, reduction, self._askable(size))
        shown = next(iter(refused.items()))
        raise TypeError(
            f"loss must be callable on {self.takes} (N, K) and labels (N,), got loss={self.name!r}, which at "
            f"K = {shown[0]} raised {shown[1]}"
        )

    @cached_property
    def unit(self) -> float:
        """Return the unit of the type in which float64 logits come back: 2^-52, or that of a narrower one."""
        import torch

        found = self.values(*probe(self.interface.num_classes))
        return torch.finfo(found.dtype).eps if found.is_floating_point() else 2.0**-52

    @cached_property
    def eps(self) -> float:
        """Return how exact values are, relative to the losses of all labels: their unit, or the noise."""
        from lossmatters.proofs_checks.conformance.noise import measured

        noise = (
            4 * measured(self) if self.is_deterministic else 0.0
        )  # a spacing s has the deviation s/sqrt(12)
        if noise <= ORDINARY * self.unit:
            return self.unit
        return max(noise, 2.0**-23) if noise > 2.0**-30 else noise  # float32 inside, whose unit is known

    @cached_property
    def typical(self) -> float:
        """Return the largest loss of all labels at moderate logits: the size of what it is made of.

        Where a loss is near 0, the numbers of which it is the difference need not be.
        """
        logits, _ = probe(self.interface.num_classes)
        return float(self.matrix(logits).double().abs().max())

    @cached_property
    def is_deterministic(self) -> bool:
        """Tell whether two equal calls give equal values."""
        import torch

        batch = probe(self.interface.num_classes)
        return bool(torch.equal(self.values(*batch), self.values(*batch)))

    def works_at(self, num_classes: int) -> bool:
        """Tell whether it can be called at this K."""
        if self.only_classes:
            return num_classes == self.only_classes
        key = ("works", num_classes)
        if key not in self._forms:
            try:
                self.values(*probe(num_classes))
            except Broken:
                self._forms[key] = False
            else:
                self._forms[key] = True
        return bool(self._forms[key])

    @cached_property
    def classes(self) -> tuple[int, ...]:
        """Return the K to draw from: that of the interface first."""
        first = self.interface.num_classes
        return (first, *(k for k in FEW if k != first and self.works_at(k)))

    def _reduction(self, found: Any, size: int) -> str:
        import torch

        logits, labels = probe(size)
        shape = getattr(found, "shape", None)
        if shape == labels.shape:
            return "none"
        if shape is None or len(shape) > 0:
            got = type(found).__name__ if shape is None else f"shape {tuple(shape)}"
            raise TypeError(
                f"loss must return one number, or one a sample (shape ({len(labels)},) here), got {got}"
            )
        each = torch.stack(
            [
                self.raw(logits[i : i + 1].clone(), labels[i : i + 1].clone()).reshape(())
                for i in range(len(labels))
            ]
        )
        # two orders of summation of a few numbers, perhaps in float32: some units of 2^-23
        atol = 1e-6 * float(each.abs().max())
        for reduction, total in (("mean", each.mean()), ("sum", each.sum())):
            if torch.allclose(found.double(), total.double(), atol=atol, rtol=1e-5):
                return reduction
        return "unknown"

    def _askable(self, size: int) -> tuple[str, ...]:
        given = []
        for reduction in REDUCTIONS:
            logits, labels = probe(size)
            try:
                found = self.raw(logits, labels, reduction)
            except Exception:
                continue
            if getattr(found, "shape", None) == (labels.shape if reduction == "none" else ()):
                given.append(reduction)
        return tuple(given)

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        function = getattr(self.loss, "forward", self.loss)
        try:
            return inspect.signature(function).parameters
        except (TypeError, ValueError):  # some built-in functions have none
            return {}

    def _form(self, reduction: str | None, dtype: Any) -> tuple[Any, dict[str, Any]]:
        """Return the callable that gives a reduction, and the keyword that asks for it.

        Raises
        ------
        LookupError : it cannot be asked.
        """
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
        if "reduction" not in self._parameters:
            raise LookupError("the loss cannot be asked for a reduction")
        return form, {"reduction": reduction}


def probe(num_classes: int, size: int = 4) -> tuple[Tensor, Tensor]:
    """Return a small batch in float64, always the same: logits (size, K) in [-2, 2] and labels (size,)."""
    import torch

    steps = torch.arange(size * num_classes, dtype=torch.float64)
    logits = 2 * torch.sin(1.7 * steps + 0.3).reshape(size, num_classes)
    return logits, torch.arange(size) % num_classes


def one_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else ""
