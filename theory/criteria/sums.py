"""Sums of multiples of kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from lossmatters.theory.criteria.autograd import Kernel
from lossmatters.theory.criteria.block import Block
from lossmatters.theory.criteria.label_only import LabelOnlyKernel
from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.value_and_gradient import is_joint

A = TypeVar("A", Tensor, Tensor | float)


@dataclass(frozen=True)
class LabelOnlySum(LabelOnlyKernel):
    """A sum of multiples of losses f(u_y): one of them."""

    terms: tuple[tuple[float, LabelOnlyKernel], ...]

    def of(self, point: LogOdds) -> Tensor:
        return _added([factor * term.of(point) for factor, term in self.terms])

    def weight(self, point: LogOdds) -> Tensor | float:
        return _added([factor * term.weight(point) for factor, term in self.terms])


@dataclass(frozen=True)
class KernelSum:
    """A sum of multiples of any losses, each with its summary."""

    terms: tuple[tuple[float, Kernel], ...]

    def summary(self, rows: Rows) -> Tensor:
        return torch.stack([term.summary(rows) for _, term in self.terms], dim=1)

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        parts = zip(self.terms, summary.unbind(1), strict=True)
        return _added([factor * term.value(rows, own) for (factor, term), own in parts])

    def matrix(self, every: LogOdds) -> Tensor:
        return _added([factor * term.matrix(every) for factor, term in self.terms])

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        parts = zip(self.terms, summary.unbind(1), strict=True)
        return _added([term.gradient(rows, own, factor * upstream) for (factor, term), own in parts])

    def is_joint(self) -> bool:
        return any(is_joint(term) for _, term in self.terms)

    def value_and_gradient(self, block: Block, out: Tensor | None) -> tuple[Tensor, Tensor]:
        rows, label = block.rows, block.rows.label
        ones = torch.ones_like(label.x)
        values, slope = 0 * ones, 0 * ones
        for factor, term in self.terms:
            if isinstance(term, LabelOnlyKernel):  # their gradients are multiples of q - e_y: one for all
                values = values + factor * term.of(label)
                slope = slope + factor * term.weight(label) * label.s
        if out is not None:
            torch.mul(rows.others, rows.column(slope), out=out)
            rows.put(out, -slope)  # in place, as a block does it
        for factor, term in self.terms:
            factors = ones
            if isinstance(term, LabelOnlyKernel):
                continue
            if is_joint(term):
                array = None if out is None else block.scratch("u")
                value, factors = term.value_and_gradient(block, array)
            else:
                summary = term.summary(rows)
                value = term.value(rows, summary)
                array = None if out is None else term.gradient(rows, summary, ones)
            values = values + factor * value
            if out is not None and array is not None:
                out.addcmul_(array, rows.column(factor * factors))
        return values, ones


def _added(parts: list[A]) -> A:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
