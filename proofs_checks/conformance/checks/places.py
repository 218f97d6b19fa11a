"""Elsewhere and otherwise run: on another device, under vmap, compiled."""

from __future__ import annotations

import copy
import gc
import logging
from typing import Any

from lossmatters.proofs_checks.conformance import held
from lossmatters.proofs_checks.conformance.far_device import NAME, classes, elsewhere
from lossmatters.proofs_checks.conformance.probing import one_line, probe
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial


def _device(trial: Trial) -> str | None:
    trial.need_torch()
    import torch

    z, y = trial.probe()
    wanted = trial.subject.call(*trial.subject.given(z.clone(), y.clone()), z.dtype).detach()
    _elsewhere(trial, z, y, wanted)
    if not torch.cuda.is_available():
        return "on tensors that say they are elsewhere; this machine has no GPU"
    if held.tensors(trial.subject.loss):
        return "on tensors that say they are elsewhere; those that the loss holds stay off the GPU"
    there, keywords = trial.subject.form(None, z.dtype, z.shape[1])
    there = copy.deepcopy(there).to("cuda") if isinstance(there, torch.nn.Module) else there
    try:
        found = there(*trial.subject.way.placed(*trial.subject.given(z.cuda(), y.cuda())), **keywords)
    except Exception as error:
        raise Broken(f"on a GPU it raised {type(error).__name__}: {one_line(error)}", MADE_HERE) from error
    if found.device.type != "cuda":
        raise Broken(f"logits on a GPU give a loss on {found.device}", MADE_HERE)
    if not torch.allclose(found.cpu(), wanted, rtol=1e-9, atol=1e-12):  # float64 on both; other sums
        raise Broken("the loss on a GPU is another", logits=z, labels=y, cpu=wanted, gpu=found.cpu())
    return None


MADE_HERE = "a tensor is made on the CPU, or moved there: give device=logits.device, or use ..._like"


def _elsewhere(trial: Trial, z: Any, y: Any, wanted: Any) -> None:
    import torch

    far = classes()[0]
    form, keywords = trial.subject.form(None, z.dtype, z.shape[1])
    if isinstance(form, torch.nn.Module):
        form = copy.deepcopy(form)
        for module in form.modules():
            for name, tensor in [*module._buffers.items(), *module._parameters.items()]:
                if tensor is not None:
                    module._parameters.pop(name, None)
                    module._buffers[name] = far(tensor.detach())
    try:
        with elsewhere(held.tensors(trial.subject.loss)):
            leaf = far(z).requires_grad_(trial.subject.declared.differentiable)
            given = trial.subject.given(leaf * 1, far(y))
            found = form(*trial.subject.way.placed(*given), **keywords)
            if isinstance(found, far) and found.requires_grad:
                torch.autograd.grad(found.sum(), leaf, allow_unused=True)
    except Exception as error:
        if "autocast" in str(error):
            raise NotApplicable("the loss uses autocast, which needs a device of its own") from error
        _knows_the_name(trial)
        raise Broken(
            f"on another device than the CPU it raised {type(error).__name__}: {one_line(error)}", MADE_HERE
        ) from error
    if not isinstance(found, far):
        _knows_the_name(trial)
        raise Broken("logits on another device give a loss on the CPU", MADE_HERE)
    # Some units in the last place: off the CPU, and for tensors of another class, a loss may have other
    # operations for the same numbers. What is lost there is far more.
    if not torch.allclose(found.numbers.detach(), wanted, rtol=1e-9, atol=1e-12):
        _knows_the_name(trial)
        raise Broken("the loss on another device is another", logits=z, labels=y)


def _knows_the_name(trial: Trial) -> None:
    """Skip a loss that has a way of its own for tensors without data: ours bear their device's name."""
    for code in held.codes(trial.subject.loss):
        if NAME in code.co_consts or "is_meta" in code.co_names:
            raise NotApplicable(
                f"the loss has a way of its own for the device {NAME!r}, on which this is tried"
            )


def _vmap(trial: Trial) -> str | None:
    trial.need_torch()
    import torch

    size = trial.subject.fitting(3 + (trial.num_classes == 3))
    z, y = probe(trial.num_classes, 2 * size)
    z, y = z.reshape(2, size, -1), y.reshape(2, size)
    wanted = torch.stack([trial.subject.raw(z[i].clone(), y[i].clone()) for i in range(2)])
    try:
        found = torch.func.vmap(trial.subject.raw)(z, y)
    except Exception as error:
        looks = "data-dependent" in str(error) or ".item()" in str(error)
        cause = "the loss looks at values (an if, an item()): under vmap there are none to look at"
        raise Broken(
            f"under vmap it raised {type(error).__name__}: {one_line(error)}", cause if looks else ""
        ) from error
    _same(trial, "under vmap", found, wanted, z, y)
    return None


def _compiled(trial: Trial) -> str | None:
    trial.need_torch()
    if not trial.budget.slow:
        raise NotApplicable("left out of a quick run: tracing takes seconds")
    import torch

    z, y = trial.probe()
    wanted = trial.subject.call(*trial.subject.given(z.clone(), y.clone()), z.dtype).detach()
    # Traced and differentiated ahead of time, but not turned into machine code, which takes a compiler and a
    # minute: what goes wrong in a loss goes wrong in the tracing. A thorough run does the rest too.
    backend = "inductor" if trial.budget.name == "thorough" else "aot_eager"
    form, keywords = trial.subject.form(None, z.dtype, z.shape[1])
    torch._dynamo.reset()
    quiet = logging.root.manager.disable
    logging.disable(logging.WARNING)  # a graph that is compiled in parts is no defect
    collects = gc.isenabled()
    gc.disable()  # tracing makes so many objects that a tenth of its time would go into looking through them
    try:
        compiled = torch.compile(form, backend=backend)
        leaf = z.clone().requires_grad_()
        given = trial.subject.given(leaf * 1, y.clone())
        found = compiled(*trial.subject.way.placed(*given), **keywords)
        slope = torch.autograd.grad(found.sum(), leaf, allow_unused=True)[0] if found.requires_grad else None
    except Exception as error:
        raise Broken(f"torch.compile raised {type(error).__name__}: {one_line(error)}") from error
    finally:
        if collects:
            gc.enable()
        logging.disable(quiet)
        torch._dynamo.reset()
    _same(trial, "compiled", found.detach(), wanted, z, y)
    if slope is not None and trial.subject.interface.reduction == "none":
        _same(trial, "compiled, the gradient", slope, trial.subject.gradient(z, y), z, y)
    return None


def _same(trial: Trial, how: str, found: Any, wanted: Any, z: Any, y: Any) -> None:
    # the same operations, perhaps fused or in another order: some units in the last place of the largest
    allowed = 256 * trial.subject.eps * max(1e-3, float(wanted.abs().max()))
    if found.shape != wanted.shape:
        raise Broken(f"{how} the shape is {tuple(found.shape)}, not {tuple(wanted.shape)}")
    if not float((found - wanted).abs().max()) <= allowed:
        raise Broken(f"{how} the loss is another", logits=z, labels=y, plain=wanted, found=found)


TAGS = ("hygiene", "places")
CHECKS = (
    LossCheck("device", "The loss is computed where its input is.", TAGS, _device),
    LossCheck("vmap", "torch.func.vmap gives the same.", TAGS, _vmap),
    LossCheck("compile", "torch.compile gives the same.", (*TAGS, "slow"), _compiled),
)
