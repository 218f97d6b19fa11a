"""The device that was asked for, or an error."""

from __future__ import annotations

import platform

import torch

from lossmatters.theory.exact import fail

DEVICES = ("auto", "cpu", "cuda")


def resolve_device(device: str) -> torch.device:
    """Resolve "auto" to CUDA where there is any, else to the CPU.

    Raises
    ------
    ValueError : another name, or CUDA where there is none.
    """
    if device not in DEVICES:
        fail("device", f"one of {', '.join(DEVICES)}", device)
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        fail("device", "auto or cpu where torch finds no CUDA device", device)
    return torch.device("cuda" if available and device != "cpu" else "cpu")


def device_name(device: torch.device) -> str:
    """Return what the device is: the name of a GPU, the architecture and vector instructions of a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
