"""A loss to check: called on logits and labels, whatever it takes and however it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lossmatters.proofs_checks.conformance.bridge import bridged, has_gradient
from lossmatters.proofs_checks.conformance.declared import Declared
from lossmatters.proofs_checks.conformance.form import Form
from lossmatters.proofs_checks.conformance.interface import Interface, found_out
from lossmatters.proofs_checks.conformance.noise import measured
from lossmatters.proofs_checks.conformance.probing import asked, one_line, probe
from lossmatters.proofs_checks.conformance.report import Broken
from lossmatters.proofs_checks.conformance.tensors import tensor
from lossmatters.proofs_checks.conformance.way import Way
from lossmatters.theory.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from lossmatters.proofs_checks.conformance.imports import Change

FEW = (2, 10)  # classes, drawn from too, where they work
ORDINARY = 64  # units of noise that any sound formula has


class Subject(Form):
    """A loss to check, with what it declares. Made by `declare`; called like the loss itself."""

    def __init__(
        self,
        loss: Any,
        name: str,
        way: Way,
        num_classes: int | None,
        expected_failures: Mapping[str, str],
        declared: Declared,
    ) -> None:
        super().__init__(loss, way)
        self.name = name
        self.only_classes = 2 if way.kind == "binary logits" else num_classes
        self.expected_failures = dict(expected_failures)
        self.declared = declared
        self.import_changes: list[Change] | None = None  # set by `declare`: what importing its file changed
        self._works: dict[int, bool] = {}  # whether it can be called at a K

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self.loss(*arguments, **keywords)

    def __repr__(self) -> str:
        return f"Subject({self.name})"

    def called(self, way: Way) -> Subject:
        """Return the same loss, called in another way."""
        return Subject(self.loss, self.name, way, self.only_classes, self.expected_failures, self.declared)

    def nudged(self, label: int, share: float) -> Subject:
        """Return the same loss, given probabilities of which that of one class is larger by a share."""
        beside = self.called(replace(self.way, nudged=(label, share)))
        beside.interface = self.interface
        return beside

    @property
    def formula(self) -> Loss | None:
        """Return the formula that the loss is declared to be, or is."""
        return self.declared.formula or (self.loss if isinstance(self.loss, Loss) else None)

    @property
    def takes(self) -> str:
        return self.way.takes

    @property
    def is_torch(self) -> bool:
        return not self.way.library

    @property
    def has_gradient(self) -> bool:
        """Tell whether there is a gradient to speak of."""
        return self.declared.differentiable and has_gradient(self.way.library)

    def given(self, logits: Tensor, labels: Tensor) -> tuple[Any, Any]:
        """Return what the loss is given for logits (N, K) and labels (N,): tensors, or arrays for NumPy."""
        outputs = self.way.outputs(logits)
        targets = self.way.labels(labels, outputs, logits.shape[-1])
        if self.way.library == "numpy":
            return outputs.detach().numpy(), targets.numpy()
        return outputs, targets

    def call(self, outputs: Any, targets: Any, dtype: Any, reduction: str | None = None) -> Any:
        """Return what the loss itself returns for what it is given."""
        form, keywords = self.form(reduction, dtype, self._classes_of(outputs))
        if self.way.library == "numpy":
            return tensor(asked(form, *self.way.placed(outputs, targets), **keywords))
        if not self.is_torch:
            return bridged(
                self.way.library,
                lambda z, y: asked(form, *self.way.placed(z, y), **keywords),
                outputs,
                targets,
            )
        return asked(form, *self.way.placed(outputs, targets), **keywords)

    def raw(self, logits: Tensor, labels: Tensor, reduction: str | None = None) -> Any:
        """Return what the loss itself returns, with a reduction asked for or left as it is.

        Values of images lose the axes of theirs, and what was added to fill a batch is taken away.
        """
        import torch

        size, short = len(labels), -len(labels) % self.way.batch_of
        if short and size:  # of one sample alone, copies have its mean
            logits, labels = (
                torch.cat([t, t[-1:].repeat(short, *[1] * (t.ndim - 1))]) for t in (logits, labels)
            )
        found = self.call(*self.given(logits, labels), logits.dtype, reduction)
        if self.way.layout == "images" and getattr(found, "ndim", 0) >= 3:
            found = found.flatten(-2).squeeze(-1)
        if short and getattr(found, "ndim", 0) and len(found) == len(labels):
            found = found[:size]
        return found

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
        if not isinstance(found, torch.Tensor):
            raise Broken(
                f"the loss returned {type(found).__name__}, not a tensor", logits=logits, labels=labels
            )
        if found.shape == (*labels.shape, logits.shape[-1]):
            return found.sum(dim=-1)  # one number for each class, as of K binary losses
        if found.shape == (*labels.shape, 1) or (len(labels) == 1 and found.numel() == 1):
            found = found.reshape(labels.shape)  # a lost axis is the business of `one_sample`
        if found.shape != labels.shape:
            raise Broken(
                f"the loss returned shape {tuple(found.shape)} for {len(labels)} samples",
                logits=logits,
                labels=labels,
            )
        return found

    def fitting(self, size: int) -> int:
        """Return the next number of samples that the loss takes as it is."""
        return size + -size % self.way.batch_of

    def matrix(self, logits: Tensor) -> Tensor:
        """Return the loss of each sample n for each label j, without gradients: (N, K) -> (N, K)."""
        import torch

        size, classes = logits.shape
        labels = torch.arange(classes).repeat(size)
        with torch.no_grad():
            return self.values(logits.repeat_interleave(classes, dim=0), labels).reshape(size, classes)

    def gradient(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return dL/dlogits of each sample: (N, K) and (N,) -> (N, K).

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

    @cached_property
    def interface(self) -> Interface:
        """Return how the loss answers.

        Raises
        ------
        TypeError : it could not be called at any K, or gives no number or one loss a sample.
        """
        return found_out(self)

    @cached_property
    def unit(self) -> float:
        """Return the unit of the type in which float64 logits come back: 2^-52, or that of a narrower one."""
        import torch

        found = self.values(*probe(self.interface.num_classes))
        given = torch.finfo(getattr(torch, self.way.dtype or "float64")).eps
        return max(given, torch.finfo(found.dtype).eps if found.is_floating_point() else given)

    @cached_property
    def eps(self) -> float:
        """Return how exact values are, relative to the losses of all labels: their unit, or the noise."""
        noise = 0.0
        if self.is_deterministic:  # a spacing s has the deviation s/sqrt(12)
            noise = 4 * measured(self.values, self.interface.num_classes, self.typical)
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
        first, second = self.values(*batch), self.values(*batch)
        return bool(torch.allclose(first, second, rtol=0, atol=0, equal_nan=True))

    @cached_property
    def is_finite(self) -> bool:
        """Tell whether the losses of moderate logits are finite."""
        return bool(self.values(*probe(self.interface.num_classes)).isfinite().all())

    @cached_property
    def is_of_samples(self) -> bool:
        """Tell whether the losses of a batch can be taken for those of its samples.

        That is where torch.func.vmap follows the loss, so that no branch depends on values, which are those
        of the other samples too, and where a batch has the values of its samples one by one.
        """
        import torch

        each_alone = "none" not in (self.interface.reduction, *self.interface.askable)
        if not self.is_torch or each_alone or self.way.batch_of > 1:
            return False
        z, y = probe(self.interface.num_classes, 7)
        try:
            each = torch.func.vmap(lambda z, y: self.values(z[None], y[None])[0])(z, y)
        except Exception:
            return False
        together = self.values(z, y)
        one_by_one = torch.cat([self.values(z[i : i + 1], y[i : i + 1]) for i in range(len(y))])
        allowed = 64 * self.eps * self.typical
        return all(
            bool(((found - one_by_one).abs() <= allowed).all())
            for found in (each.detach(), together.detach())
        )

    def works_at(self, num_classes: int) -> bool:
        """Tell whether it can be called at this K."""
        if self.only_classes:
            return num_classes == self.only_classes
        if num_classes not in self._works:
            try:
                self.values(*probe(num_classes))
            except Broken:
                self._works[num_classes] = False
            else:
                self._works[num_classes] = True
        return self._works[num_classes]

    @cached_property
    def classes(self) -> tuple[int, ...]:
        """Return the K to draw from: that of the interface first."""
        first = self.interface.num_classes
        return (first, *(k for k in FEW if k != first and self.works_at(k)))

    def _classes_of(self, outputs: Any) -> int | None:
        """Return K, of what the loss is given."""
        return (
            2 if self.way.kind == "binary logits" else outputs.shape[1 if self.way.layout == "images" else -1]
        )
