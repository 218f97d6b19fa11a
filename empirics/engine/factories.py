"""Optimisers and schedules that a user's function makes: tried out first, then one for each network.

An optimiser of torch may treat all that it is given together (a norm of all gradients, an update by whole
matrices), so a stack of networks is not given to one: each network has its own, on parameters that share
memory with the stack's. Before anything is trained, an optimiser and a scheduler are made on two small
parameters, stepped, saved and loaded: what would end a training after an hour ends in one line instead.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lossmatters.empirics.loading import load_object, text_of
from lossmatters.empirics.models.modules import LoopedModules
from lossmatters.theory.exact import fail

TRIED = 8  # steps of the trial for each epoch


class Declared(Protocol):
    """What is used of a `lossmatters.empirics.engine.training.Training`."""

    @property
    def epochs(self) -> int: ...

    @property
    def optimiser(self) -> Any: ...

    @property
    def schedule(self) -> Any: ...

    @property
    def learning_rate(self) -> Fraction: ...

    @property
    def own_optimiser(self) -> bool: ...

    @property
    def own_schedule(self) -> bool: ...

    def factor(self, epoch: int, done: float = 0.0) -> float: ...

    def step_size(self, epoch: int, done: float = 0.0) -> float: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Settings:
    """What tells two optimisers, or two schedules, apart in a record.

    Attributes
    ----------
    groups : the class of the optimiser, and the settings of each of its groups of parameters.
    step_sizes : a hash of the step sizes in the trial.
    """

    groups: list[dict[str, Any]]
    step_sizes: str


def make_optimiser(training: Declared, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Return what the factory makes of the parameters.

    Raises
    ------
    ValueError, TypeError
        It raises, or makes something else.
    """
    made = _call(training.optimiser, "optimiser", "take a list of parameters", parameters)
    if not isinstance(made, torch.optim.Optimizer):
        fail("optimiser", "a function that makes a torch.optim.Optimizer", type(made).__name__, TypeError)
    given = {id(p) for group in made.param_groups for p in group["params"]}
    if not given <= {id(p) for p in parameters}:
        fail("optimiser", "one of the parameters that it is given", text_of(training.optimiser))
    return made


def make_scheduler(training: Declared, optimiser: torch.optim.Optimizer, steps: int) -> Any:
    """Return what the factory makes of an optimiser, for so many steps.

    Raises
    ------
    ValueError, TypeError
        It raises, or makes something else.
    """
    made = _call(training.schedule, "schedule", "take an optimiser and a number of steps", optimiser, steps)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    if not isinstance(made, torch.optim.lr_scheduler.LRScheduler) or isinstance(made, plateau):
        wanted = "a function that makes a scheduler of torch that is stepped without a metric"
        fail("schedule", wanted, type(made).__name__, TypeError)
    return made


def _call(factory: Any, name: str, takes: str, *arguments: Any) -> Any:
    function = load_object(factory, name) if isinstance(factory, str) else factory
    try:
        return function(*arguments)
    except Exception as error:  # whatever a user's function raises
        raise ValueError(f"{name} must {takes}, got {text_of(factory)}: {_first_line(error)}") from error


@lru_cache(maxsize=64)
def settings_of(training: Declared) -> Settings:
    """Try the factories out, and return what they make.

    Raises
    ------
    ValueError, TypeError
        A factory that cannot be used, in one line that says why.
    """
    steps = TRIED * training.epochs
    parameters = [nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))]
    name = text_of(training.optimiser)
    if training.own_optimiser:
        optimiser = make_optimiser(training, parameters)
    else:
        optimiser = torch.optim.SGD(parameters, lr=float(training.learning_rate))
    groups = [
        {"class": type(optimiser).__name__, **{k: _plain(v) for k, v in group.items() if k != "params"}}
        for group in optimiser.param_groups
    ]
    scheduler = make_scheduler(training, optimiser, steps) if training.own_schedule else None
    seen = []
    for step in range(steps):
        for parameter in parameters:
            parameter.grad = torch.ones_like(parameter)
        try:
            if step < TRIED:
                optimiser.step()
        except Exception as error:
            wanted = "one that takes a step with nothing but gradients"
            fail("optimiser", f"{wanted} ({_first_line(error)})", name)
        seen.append([float(group["lr"]) for group in optimiser.param_groups])
        if scheduler is not None:
            try:
                scheduler.step()
            except Exception as error:
                wanted = f"one that can be stepped {steps} times ({_first_line(error)})"
                fail("schedule", wanted, text_of(training.schedule))
    for what, made in (("optimiser", optimiser), ("schedule", scheduler)):
        if made is not None:
            _check_saved(what, made.state_dict(), text_of(getattr(training, what)))
    digest = hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
    return Settings(groups, digest)


def _plain(value: Any) -> Any:
    """Return a setting as JSON holds it."""
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | float | str) else type(value).__name__


def _check_saved(name: str, state: Any, shown: str) -> None:
    """Refuse what a checkpoint could not be read back with."""
    file = io.BytesIO()
    try:
        torch.save(state, file)
        file.seek(0)
        torch.load(file, weights_only=True)
    except Exception as error:
        fail(name, f"one whose state is numbers, to be saved and read again ({_first_line(error)})", shown)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


class Steps:
    """The steps of all networks of a stack, whatever makes them.

    Parameters
    ----------
    training : the declaration.
    stack : whose parameters are changed.
    steps : batches of an epoch.
    declared : makes the declared optimiser of the whole stack.
    """

    def __init__(
        self, training: Declared, stack: Any, steps: int, declared: Callable[[], torch.optim.Optimizer]
    ) -> None:
        self.training, self.stack, self.steps = training, stack, steps
        self._views: list[tuple[nn.Parameter, int, nn.Parameter]] = []
        if training.own_optimiser:
            self.optimisers = [make_optimiser(training, own) for own in self._parameters()]
        else:
            self.optimisers = [declared()]
        self._first = [[float(group["lr"]) for group in o.param_groups] for o in self.optimisers]
        total = steps * training.epochs
        self.schedulers = (
            [make_scheduler(training, o, total) for o in self.optimisers] if training.own_schedule else []
        )

    def _parameters(self) -> list[list[nn.Parameter]]:
        """Return the parameters of each network, which share their memory with the stack's."""
        if isinstance(self.stack, LoopedModules):
            return [[p for p in network.parameters() if p.requires_grad] for network in self.stack.networks]
        found: list[list[nn.Parameter]] = []
        for index in range(self.stack.num_networks):
            own = [(p, nn.Parameter(p.data[index])) for p in self.stack.parameters() if p.requires_grad]
            self._views += [(whole, index, view) for whole, view in own]
            found.append([view for _, view in own])
        return found

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.stack.parameters():
            parameter.grad = None

    def step(self, epoch: int, step: int) -> None:
        """Change the parameters by the gradients that there are, at this step of this epoch."""
        for whole, index, view in self._views:
            view.grad = None if whole.grad is None else whole.grad[index]
        training = self.training
        if not training.own_schedule:
            factor = training.factor(epoch, step / self.steps)
            size = training.step_size(epoch, step / self.steps)
            for optimiser, first in zip(self.optimisers, self._first, strict=True):
                for group, rate in zip(optimiser.param_groups, first, strict=True):
                    group["lr"] = rate * factor if training.own_optimiser else size
        for optimiser in self.optimisers:
            optimiser.step()
        for scheduler in self.schedulers:
            scheduler.step()

    def state_dict(self) -> Any:
        """Return what is needed to go on."""
        if not self.training.own_optimiser and not self.schedulers:
            return self.optimisers[0].state_dict()
        return {
            "optimisers": [o.state_dict() for o in self.optimisers],
            "schedulers": [s.state_dict() for s in self.schedulers],
        }

    def load_state_dict(self, state: Any) -> None:
        """Go on from what `state_dict` returned."""
        if not self.training.own_optimiser and not self.schedulers:
            self.optimisers[0].load_state_dict(state)
            return
        for made, saved in ((self.optimisers, "optimisers"), (self.schedulers, "schedulers")):
            for one, found in zip(made, state[saved], strict=True):
                one.load_state_dict(found)
