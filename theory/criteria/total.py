"""Sums of multiples of kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from theory.criteria.function import Kernel
from theory.criteria.rows import Odds, Rows
from theory.criteria.single import Single


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


def _added(parts: list[Any]) -> Any:
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    return found
