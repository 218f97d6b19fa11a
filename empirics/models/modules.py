"""Networks of a user's module side by side: mapped by ``torch.func.vmap``, or one after the other.

Which of the two is not guessed. A small batch goes through the module itself, and through the mapped form of
two networks; logits, gradients and buffers (running statistics) must agree. A module that vmap cannot take,
or that comes to other numbers there, is looped. Where both are right the kind of layers decides, by what
benchmarks/own_module.py measured (docs/models.md), and not a race at run time: its outcome, and with it the
last bits of a record, would depend on what else the machine is doing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from lossmatters.empirics.models.random_numbers import drawing_from, made_from
from lossmatters.empirics.randomness import torch_seed
from lossmatters.theory.exact import fail

OTHER_SEED = 2**32  # of a second network beside the first, so that mixing them up shows
PROBE = 4  # samples; batch normalisation needs two
# Two ways to add the same float32 numbers up: some hundred ulps of the largest. What is wrong is so by more.
TOLERANCE = 1e-3
# On a CPU mapping these gained little at best, for tiny images, and cost up to a quarter (docs/models.md).
SLOW_UNDER_VMAP = (nn.modules.conv._ConvNd, nn.RNNBase, nn.MultiheadAttention)


class Maker(Protocol):
    """What is used of a `lossmatters.empirics.models.factory.Factory`."""

    @property
    def form(self) -> str:
        """Return how networks are to be trained: auto, vmap or loop."""

    @property
    def text(self) -> str:
        """Return how messages name the model."""

    @property
    def function(self) -> Callable[[], Any]:
        """Return what makes a module."""


class LoopedModules(nn.Module):
    """Networks one after the other, each the user's own module as it is.

    Attributes
    ----------
    reason : why they are not mapped.
    generator : what dropout draws from; all networks drop the same features.
    """

    def __init__(self, modules: Sequence[nn.Module], random: bool, reason: str) -> None:
        super().__init__()
        self.networks = nn.ModuleList(modules)
        self.random, self.reason = random, reason
        self.generator: torch.Generator | None = None

    @property
    def num_networks(self) -> int:
        return len(self.networks)

    def forward(self, inputs: Tensor, networks: slice | None = None) -> Tensor:
        """Compute the logits: (M, B, ...) or (1, B, ...) -> (M, B, K)."""
        chosen = list(self.networks)[networks or slice(None)]
        generator = self.generator if self.random and self.training else None
        begin = None if generator is None else generator.get_state()
        logits = []
        for place, network in enumerate(chosen):
            if generator is not None and begin is not None:
                generator.set_state(begin)
            with drawing_from(generator):
                logits.append(_logits(network(inputs[place if len(inputs) > 1 else 0])))
        return torch.stack(logits)

    def copies(self, indices: Sequence[int]) -> LoopedModules:
        """Return a new stack that starts where these networks are; an index may come more than once."""
        return self._of([copy.deepcopy(self.networks[i]) for i in indices])

    def part(self, networks: slice) -> LoopedModules:
        """Return some of the networks, in the same memory."""
        return self._of(list(self.networks)[networks])

    def network(self, index: int) -> nn.Module:
        """Return a copy of one network, as the user's module."""
        return copy.deepcopy(self.networks[index])

    def _of(self, modules: Sequence[nn.Module]) -> LoopedModules:
        made = LoopedModules(modules, self.random, self.reason).train(self.training)
        made.generator = self.generator
        return made


class MappedModules(nn.Module):
    """Networks in one call: each parameter and buffer of the module as one tensor (M, ...).

    Attributes
    ----------
    generator : what dropout draws from; all networks drop the same features.
    """

    def __init__(
        self, skeleton: nn.Module, tensors: dict[str, Tensor], trained: set[str], random: bool
    ) -> None:
        super().__init__()
        self._skeleton = (skeleton,)  # in a tuple, or it would count as a part of this module
        self._trained, self.random = trained, random
        self.generator: torch.Generator | None = None
        # names with dots are none for torch
        self._attributes = {name: name.replace(".", "/") for name in tensors}
        parameters = dict(skeleton.named_parameters())
        for name, tensor in tensors.items():
            if name in parameters:
                self.register_parameter(
                    self._attributes[name], nn.Parameter(tensor, requires_grad=name in trained)
                )
            else:
                self.register_buffer(self._attributes[name], tensor)

    @classmethod
    def of(cls, modules: Sequence[nn.Module], random: bool) -> MappedModules:
        """Put networks of one shape side by side."""
        states = [{**dict(m.named_parameters()), **dict(m.named_buffers())} for m in modules]
        tensors = {name: torch.stack([state[name].detach() for state in states]) for name in states[0]}
        for name in _dense_weights(modules[0]):
            # As vmap computes it, the gradient of a dense weight (out, in) lies in memory as (in, out). A
            # weight that lies so too saves a copy of it at each step, a fifth of a perceptron's two passes.
            tensors[name] = tensors[name].mT.contiguous().mT
        trained = {name for name, p in modules[0].named_parameters() if p.requires_grad}
        # not on "meta", whose tensors cannot share memory as tied weights do
        return cls(copy.deepcopy(modules[0]), tensors, trained, random).train(modules[0].training)

    @property
    def num_networks(self) -> int:
        return len(next(iter(self.parameters())))

    def tensors(self) -> dict[str, Tensor]:
        """Return every parameter and buffer, (M, ...)."""
        return {name: getattr(self, attribute) for name, attribute in self._attributes.items()}

    def forward(self, inputs: Tensor, networks: slice | None = None) -> Tensor:
        """Compute the logits: (M, B, ...) or (1, B, ...) -> (M, B, K)."""
        if networks is not None:
            return self.part(networks)(inputs)
        skeleton = self._skeleton[0].train(self.training)

        def one(tensors: dict[str, Tensor], batch: Tensor) -> Tensor:
            return _logits(functional_call(skeleton, tensors, (batch,)))

        with drawing_from(self.generator if self.random and self.training else None):
            if self.num_networks == 1:  # without vmap, which costs
                return one({name: t.squeeze(0) for name, t in self.tensors().items()}, inputs[0])[None]
            shared = len(inputs) == 1
            mapped = vmap(one, in_dims=(0, None if shared else 0), randomness="same")
            return mapped(self.tensors(), inputs[0] if shared else inputs)

    def copies(self, indices: Sequence[int]) -> MappedModules:
        """Return a new stack that starts where these networks are; an index may come more than once."""
        return self._of(lambda tensor: tensor[list(indices)])

    def part(self, networks: slice) -> MappedModules:
        """Return some of the networks, in the same memory, with gradients of their own."""
        return self._of(lambda tensor: tensor[networks])

    def network(self, index: int) -> nn.Module:
        """Return a copy of one network, as the user's module."""
        made = copy.deepcopy(self._skeleton[0]).train(self.training)
        own = {**dict(made.named_parameters()), **dict(made.named_buffers())}
        for name, tensor in self.tensors().items():
            own[name].data = tensor[index].detach().clone()
        return made

    def _of(self, choose: Callable[[Tensor], Tensor]) -> MappedModules:
        tensors = {name: choose(tensor.detach()) for name, tensor in self.tensors().items()}
        made = MappedModules(self._skeleton[0], tensors, self._trained, self.random).train(self.training)
        made.generator = self.generator
        return made


def _dense_weights(module: nn.Module) -> list[str]:
    """Return the names of the weights of all dense layers."""
    layers = {name: layer for name, layer in module.named_modules() if isinstance(layer, nn.Linear)}
    own = dict(module.named_parameters())
    return [name for name in (f"{layer}.weight".lstrip(".") for layer in layers) if name in own]


def stack_of(
    model: Maker,
    input_shape: tuple[int, ...],
    num_classes: int,
    seeds: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
) -> LoopedModules | MappedModules:
    """Return one network a seed, in the form that `model` asks for or that is found to be right and fast."""
    modules = [make(model, seed, input_shape) for seed in seeds]
    if not modules:
        fail("seeds", "at least one", list(seeds))
    _check_factory(model, modules[0], seeds[0], input_shape)
    inputs = _probe(input_shape)
    random = _check_forward(modules[0], inputs, num_classes)
    reason = why_not_mapped(model, modules, inputs, input_shape, device)
    if model.form == "vmap" and reason is not None and len(modules) > 1:
        fail("form", f"auto or loop for this module ({reason})", model.form)
    modules = [module.to(device, dtype) for module in modules]
    if reason is None:
        return MappedModules.of(modules, random)
    return LoopedModules(modules, random, reason)


def make(model: Maker, seed: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Make a module as the seed alone starts it, on the CPU: a GPU's generator would start elsewhere."""
    with made_from(torch_seed("weights", seed)):
        module = model.function()
        if not isinstance(module, nn.Module):
            fail("model", "a function that makes a torch.nn.Module", type(module).__name__, TypeError)
        if any(isinstance(p, nn.parameter.UninitializedParameter) for p in module.parameters()):
            with torch.no_grad():  # lazy layers learn their shapes from a first batch
                module.eval()(_probe(input_shape))
    if not any(p.requires_grad for p in module.parameters()):
        fail("model", "a module with parameters to train", type(module).__name__)
    return module.train()


def why_not_mapped(
    model: Maker,
    modules: Sequence[nn.Module],
    inputs: Tensor,
    input_shape: tuple[int, ...],
    device: torch.device,
) -> str | None:
    """Say why networks of this module are looped; None if they are mapped."""
    if model.form == "loop":
        return "asked for"
    if len(modules) == 1:
        return "one network"
    slow = next((m for m in modules[0].modules() if isinstance(m, SLOW_UNDER_VMAP)), None)
    if model.form == "auto" and device.type == "cpu" and slow is not None:
        return f"{type(slow).__name__} is faster so on a CPU"
    pair = [modules[0], make(model, OTHER_SEED, input_shape)]
    try:
        return _disagreement(pair, inputs)
    except Exception as error:  # whatever vmap, or the module under it, raises
        return f"{type(error).__name__} under vmap: {str(error).splitlines()[0][:200] if str(error) else ''}"


def _disagreement(pair: Sequence[nn.Module], inputs: Tensor) -> str | None:
    """Say in what a mapped pair of networks differs from the two by themselves; None where in nothing."""
    mapped = MappedModules.of(pair, random=False)  # from the generator that is seeded below
    given = torch.stack([inputs, inputs.flip(0) + 1])
    outcomes = []
    for index, module in enumerate(map(copy.deepcopy, pair)):
        outcomes.append(_outcome(module, given[index]))
    together = _outcome(mapped, given)
    for index, alone in enumerate(outcomes):
        for name, value in alone.items():
            other = together[name.replace(".", "/")][index]
            scale = max(1.0, float(value.abs().max())) if value.numel() else 1.0
            if value.shape != other.shape or not bool((value - other).abs().max() <= TOLERANCE * scale):
                return f"another {name} under vmap"
    return None


def _outcome(module: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """Return logits, gradients and buffers after two steps in training mode, and logits out of it."""
    found: dict[str, Tensor] = {}
    module.train()
    with made_from(0):
        for _ in range(2):
            logits = _logits(module(inputs))
            logits.square().sum().backward()
    module.eval()
    with torch.no_grad():
        found["logits"], found["logits out of training"] = logits.detach(), _logits(module(inputs))
    for name, parameter in module.named_parameters():
        if parameter.grad is not None:
            found[f"grad {name}"] = parameter.grad
    found |= {f"buffer {name}": tensor.detach().double() for name, tensor in module.named_buffers()}
    return found


def _check_factory(model: Maker, first: nn.Module, seed: int, input_shape: tuple[int, ...]) -> None:
    """Refuse a factory that does not make a new module each time, from torch's generator alone."""
    again = make(model, seed, input_shape)
    if again is first:
        fail("model", "a function that makes a new module each time", model.text)
    ours, others = first.state_dict(), again.state_dict()
    same = ours.keys() == others.keys() and all(
        torch.equal(value, others[name]) for name, value in ours.items() if isinstance(value, Tensor)
    )
    if not same:
        fail("model", "a function whose weights depend on torch's random generator alone", model.text)


def _check_forward(module: nn.Module, inputs: Tensor, num_classes: int) -> bool:
    """Try a batch; whether the module draws random numbers in training."""
    trial = copy.deepcopy(module).train()
    with made_from(0):
        before = torch.get_rng_state()
        try:
            logits = _logits(trial(inputs))
        except Exception as error:
            shape = ("B", *inputs.shape[1:])
            raise ValueError(
                f"model must take inputs of shape {shape}, got {type(error).__name__}: {error}"
            ) from error
        random = not torch.equal(before, torch.get_rng_state())
    if logits.shape != (len(inputs), num_classes):
        fail("model", f"one from (B, ...) to logits (B, {num_classes})", tuple(logits.shape))
    return random


def measure_module(model: Maker, input_shape: tuple[int, ...], num_classes: int) -> tuple[int, int, str]:
    """Count parameters and multiply-adds of a forward pass of one input, and name the layers' shapes."""
    from torch.utils.flop_counter import FlopCounterMode

    module = make(model, 0, input_shape).eval()
    _check_forward(module, _probe(input_shape), num_classes)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(_probe(input_shape)[:1])
    tensors = [*module.named_parameters(), *module.named_buffers()]
    layers = [repr(module), *(f"{name}: {tuple(tensor.shape)}" for name, tensor in tensors)]
    parameters = sum(p.numel() for p in module.parameters())
    return parameters, max(counter.get_total_flops() // 2, 1), "\n".join(layers)


def _probe(input_shape: tuple[int, ...]) -> Tensor:
    return torch.randn(PROBE, *input_shape, generator=torch.Generator().manual_seed(0))


def _logits(output: Any) -> Tensor:
    """Return the logits that a module gives, or those of the object that it gives, as Hugging Face's do."""
    found = getattr(output, "logits", output)
    if not isinstance(found, Tensor):
        fail("model", "one that gives a tensor of logits", type(output).__name__, TypeError)
    return found
