"""A probability as its log-odds, from which u, 1 - u and their logarithms have all their digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


@dataclass(frozen=True)
class LogOdds:
    """Probabilities u of any shape, held as x = log(u/(1 - u)): what kernels are written in.

    Three classes compute the four numbers below, one for each way in which rows are computed.
    """

    x: Tensor

    @property
    def log_t(self) -> Tensor:
        """Return the logarithm of u."""
        return logsigmoid(self.x)

    @property
    def log_s(self) -> Tensor:
        """Return the logarithm of 1 - u."""
        return logsigmoid(-self.x)

    @property
    def t(self) -> Tensor:
        """Return the probability u itself."""
        raise NotImplementedError(f"{type(self).__name__} has no t")

    @property
    def s(self) -> Tensor:
        """Return 1 - u, to its last digits."""
        raise NotImplementedError(f"{type(self).__name__} has no s")


class EagerLogOdds(LogOdds):
    """Log-odds whose numbers are computed once each, where nothing follows what is done."""

    @cached_property
    def log_t(self) -> Tensor:
        return logsigmoid(self.x)

    @cached_property
    def log_s(self) -> Tensor:
        return logsigmoid(-self.x)

    @cached_property
    def t(self) -> Tensor:
        return torch.sigmoid(self.x)

    @cached_property
    def s(self) -> Tensor:
        return torch.sigmoid(-self.x)


class DifferentiableLogOdds(LogOdds):
    """Log-odds through which autograd goes, and perhaps a compiler: nothing is kept.

    The derivative of a sigmoid is computed as t (1 - t) of the rounded t: 0 where 1 - t is below an ulp.
    That of the exponential of its logarithm is t times sigmoid(-x).
    """

    @property
    def t(self) -> Tensor:
        return self.log_t.exp()

    @property
    def s(self) -> Tensor:
        return self.log_s.exp()


class CompiledLogOdds(LogOdds):
    """Log-odds for a compiler, which shares results by itself."""

    @property
    def t(self) -> Tensor:
        return self._sigmoids()[0]

    @property
    def s(self) -> Tensor:
        return self._sigmoids()[1]

    def _sigmoids(self) -> tuple[Tensor, Tensor]:
        """Return u and 1 - u, of one exponential that a compiler takes for the logarithms too."""
        small = (-self.x.abs()).exp()
        greater = (1 + small).reciprocal()
        less, up = small * greater, self.x > 0
        return torch.where(up, greater, less), torch.where(up, less, greater)
