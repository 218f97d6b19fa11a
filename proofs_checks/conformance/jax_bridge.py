"""A loss of JAX, called from torch: compiled once a shape, where its code lets itself be traced.

Called as it is, JAX compiles every operation for every shape by itself, which takes longer than all checks
together. The loss's Python code still runs at each call, and what it traces to is compared with what was
traced before, so that a loss that changes from call to call is seen to change.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Caller = Callable[[Any, Any], Any]  # arrays of outputs and labels -> the values


def called(caller: Caller, outputs: Tensor, labels: Tensor) -> Any:
    """Return the values of a loss of JAX, with a gradient if the outputs want one."""
    import jax
    import numpy as np

    from lossmatters.proofs_checks.conformance.tensors import tensor

    with _wide(outputs.dtype):
        target = jax.numpy.asarray(labels.numpy())
        if outputs.requires_grad:
            function: Any = _differentiated()
            return function.apply(outputs, caller, target)
        array = jax.numpy.asarray(outputs.detach().numpy())
        traced = _Traced.of(caller, array, target)
        return tensor(np.asarray(traced.values() if traced else caller(array, target)))


def _wide(kind: Any) -> Any:
    """Let JAX keep float64, in a block, where the outputs are of that type."""
    import jax
    import torch

    if kind != torch.float64:
        return nullcontext()

    if hasattr(jax, "enable_x64"):  # its home since 0.8
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64(True)


class _Traced:
    """One call of a loss as a program of JAX, with the arrays that the loss holds."""

    def __init__(self, program: Any, arguments: tuple[Any, ...]) -> None:
        self.program, self.arguments = program, (list(program.consts), *arguments)
        self.text = str(program.jaxpr)

    @classmethod
    def of(cls, caller: Caller, *arguments: Any) -> _Traced | None:
        """Trace a call; None where the code needs the numbers themselves, or does not return one array."""
        import jax

        try:
            program, shape = jax.make_jaxpr(caller, return_shape=True)(*arguments)
        except Exception:  # called as it is, the loss works, or raises what is its own
            return None
        return cls(program, arguments) if isinstance(shape, jax.ShapeDtypeStruct) else None

    def values(self) -> Any:
        return _compiled(_Program(self), False)(*self.arguments)

    def gradient(self, outer: Any) -> Any:
        return _compiled(_Program(self), True)(*self.arguments, outer)


class _Program:
    """A traced program as a key: equal to another of the same text."""

    def __init__(self, traced: _Traced) -> None:
        self.jaxpr, self.text = traced.program.jaxpr, traced.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Program) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=256)
def _compiled(program: _Program, gradient: bool) -> Any:
    import jax

    def values(held: Any, outputs: Any, labels: Any) -> Any:
        (found,) = jax.core.eval_jaxpr(program.jaxpr, held, outputs, labels)
        return found

    def slope(held: Any, outputs: Any, labels: Any, outer: Any) -> Any:
        (found,) = jax.vjp(lambda z: values(held, z, labels), outputs)[1](outer)
        return found

    return jax.jit(slope if gradient else values, **_little_optimised())


@lru_cache(maxsize=1)
def _little_optimised() -> dict[str, Any]:
    """Return how to compile in half the time, as programs run a few times only; nothing for an older JAX."""
    import jax

    little = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    try:
        jax.jit(lambda x: x, compiler_options=little)(0.0)
    except Exception:  # an older version: no such argument, or no such option
        return {}
    return {"compiler_options": little}


@lru_cache(maxsize=1)
def _differentiated() -> Any:
    import jax
    import numpy as np
    import torch

    from lossmatters.proofs_checks.conformance.tensors import tensor

    class Differentiated(torch.autograd.Function):
        """The value by JAX, and the gradient by its transformation of the same code."""

        @staticmethod
        def forward(ctx: Any, outputs: Any, caller: Caller, target: Any) -> Any:
            with _wide(outputs.dtype):
                array = jax.numpy.asarray(outputs.detach().numpy())
                traced = _Traced.of(caller, array, target)
                if traced:
                    values, ctx.back = traced.values(), traced.gradient
                else:
                    values, back = jax.vjp(lambda z: caller(z, target), array)
                    ctx.back = lambda outer: back(outer)[0]
            ctx.kind = outputs.dtype
            ctx.values = values
            return tensor(np.asarray(values))

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, outer: Any) -> Any:
            with _wide(ctx.kind):
                given = jax.numpy.asarray(outer.numpy()).astype(ctx.values.dtype)
                found = ctx.back(given)
            return tensor(np.asarray(found)).to(ctx.kind), None, None

    return Differentiated
