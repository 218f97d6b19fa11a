"""Sums of multiples of kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lossmatters.theory.criteria.at_once import is_quick
from lossmatters.theory.criteria.block import Block
from lossmatters.theory.criteria.function import Kernel
from lossmatters.theory.criteria.rows import Odds, Rows, put
from lossmatters.theory.criteria.single import Single


@dataclass(frozen=True)
class SingleTotal(Single):
    """A sum of multiples of losses f(u_y): one of them."""

    terms: tuple[tuple[float, Single], ...]

    def of(self, point: Odds) -> Tensor:
        return _added([factor * term.of(point) for factor, term in self.terms])

    def weight(self, point: Odds) -> Tensor | float:
        return _added([factor * term.weight(point) for factor, term in self.terms])


@dataclass(frozen=True)
class Total:
    """A sum of multiples of any losses, each with what it keeps."""

    terms: tuple[tuple[float, Kernel], ...]

    def keep(self, rows: Rows) -> Tensor:
        return torch.stack([term.keep(rows) for _, term in self.terms], dim=1)

    def value(self, rows: Rows, kept: Tensor) -> Tensor:
        parts = zip(self.terms, kept.unbind(1), strict=True)
        return _added([factor * term.value(rows, own) for (factor, term), own in parts])

    def matrix(self, every: Odds) -> Tensor:
        return _added([factor * term.matrix(every) for factor, term in self.terms])

    def gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        parts = zip(self.terms, kept.unbind(1), strict=True)
        return _added([term.gradient(rows, own, factor * upstream) for (factor, term), own in parts])

    def quick(self) -> bool:
        return any(is_quick(term) for _, term in self.terms)

    def together(self, block: Block, out: Tensor | None) -> tuple[Tensor, Tensor]:
        rows, label = block.rows, block.rows.label
        ones = torch.ones_like(label.x)
        values, fall = 0 * ones, 0 * ones
        for factor, term in self.terms:
            if isinstance(term, Single):  # their gradients are multiples of q - e_y: one for all
                values = values + factor * term.of(label)
                fall = fall + factor * term.weight(label) * label.s
        if out is not None:
            torch.mul(rows.others, rows.column(fall), out=out)
            put(out, rows.labels, -fall)
        for factor, term in self.terms:
            own: Any = term
            factors = ones
            if isinstance(term, Single):
                continue
            if is_quick(term):
                array = None if out is None else block.scratch("u")
                value, factors = own.together(block, array)
            else:
                kept = term.keep(rows)
                value = term.value(rows, kept)
                array = None if out is None else term.gradient(rows, kept, ones)
            values = values + factor * value
            if out is not None and array is not None:
                out.addcmul_(array, rows.column(factor * factors))
        return values, ones


def _added(parts: list[Any]) -> Any:
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    return found
