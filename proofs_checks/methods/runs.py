"""The runs of one experiment as a rule about training reads them: numbers of a loss and rate, one a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossmatters.empirics.records import Record, converged

Key = tuple[str, Fraction, str] | tuple[str, Fraction, str, str | None]  # loss, rate, metric, start


class MissingRecords(LookupError):
    """The records do not hold the runs that a rule needs."""


class NotTried(MissingRecords):
    """The experiment has the runs to compare with and is not about what the rule asks: nothing is owed."""


@dataclass(frozen=True)
class Runs:
    """The runs of one experiment, looked up by loss and rate, in the order of seeds.

    Warm starts are found only where their first phase is named, and set-ups beside the main one are not
    found by `of` at all: no claim about training from the initial weights ever averages over them. Runs that
    diverged are not found by anything: what a network of NaN answers says nothing of its loss.
    """

    records: Sequence[Record]

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", converged(self.records))

    @property
    def main(self) -> list[Record]:
        """Return those of the main set-up.

        Raises
        ------
        NotTried : there are none.
        """
        found = [r for r in self.records if r.variant is None]
        if not self.records:
            raise MissingRecords("no run that did not diverge")
        if not found:
            raise NotTried("no main set-up")
        return found

    def of(self, loss: str, rate: Fraction, start: str | None = None) -> list[Record]:
        """Select the main set-up's runs of one loss at one rate, sorted by seed.

        They are those that started cold, or after the loss `start`.

        Raises
        ------
        MissingRecords : there are none.
        """
        found = [r for r in self.main if (r.loss, r.noise_rate, r.start) == (loss, rate, start)]
        if not found:
            after = "" if start is None else f" after {start}"
            raise MissingRecords(f"no run of {loss}{after} at eta = {float(rate):g}")
        return sorted(found, key=lambda r: r.seed)

    def final(self, loss: str, rate: Fraction, metric: str, start: str | None = None) -> list[float]:
        """Return the last value of a curve, one a seed."""
        return Shares(_number(r.final[metric]) for r in self.of(loss, rate, start))

    def best(self, loss: str, rate: Fraction, metric: str) -> list[float]:
        """Return the largest value of a curve over epochs, one a seed."""
        return Shares(max(_number(v) for v in r.curves[metric]) for r in self.of(loss, rate))

    def paired(self, first: Key, second: Key) -> list[float]:
        """Return differences of final values, seed by seed, over the seeds that both have.

        Parameters
        ----------
        first, second : (loss, rate, metric), or (loss, rate, metric, start).
        """
        return self._differences(first, second, lambda values: values[-1])

    def paired_best(self, first: Key, second: Key) -> list[float]:
        """Compare as `paired` does, the second at the best of its epochs."""
        return self._differences(first, second, lambda values: max(map(_number, values)))

    def _differences(
        self, first: Key, second: Key, choose: Callable[[list[float | None]], float | None]
    ) -> list[float]:
        (loss, rate, metric, *start), (other, other_rate, other_metric, *other_start) = first, second
        a = {r.seed: _number(r.final[metric]) for r in self.of(loss, rate, *start)}
        b = {
            r.seed: _number(choose(r.curves[other_metric])) for r in self.of(other, other_rate, *other_start)
        }
        common = sorted(a.keys() & b.keys())
        if not common:
            raise MissingRecords(f"{loss} and {other} share no seed")
        return Gaps(a[s] - b[s] for s in common)


class Shares(list[float]):
    """Shares, one a seed: their mean lies in [0, 1], whatever an interval for it says."""

    limits = (0.0, 1.0)


class Gaps(list[float]):
    """Differences of two shares, one a seed: their mean lies in [-1, 1]."""

    limits = (-1.0, 1.0)


def _number(value: float | None) -> float:
    if value is None:
        raise MissingRecords("no value of this metric (no label was altered)")
    return value
