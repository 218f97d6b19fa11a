"""What a loss has no business to touch: the state of the process, listed and put back."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lossmatters.theory.losses.sent import FILES

VARIABLES = "environment variables"
NOT_THEIRS = {
    "PYTEST_CURRENT_TEST",
    FILES,
}  # set by pytest, and here for a file loaded


def snapshot() -> dict[str, Any]:
    """Return the global state that a loss must leave alone, by name."""
    import numpy as np
    import torch

    generator: Any = np.random.get_state()  # noqa: NPY002 - the global generator is what is watched
    return {
        "the seed of torch": torch.get_rng_state().numpy().tobytes(),
        "the seed of NumPy": (generator[1].tobytes(), *generator[2:]),
        "the seed of random": random.getstate(),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's default device": str(torch.get_default_device()),
        "torch's number of threads": torch.get_num_threads(),
        "anomaly mode": (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        "gradients being recorded": torch.is_grad_enabled(),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "the precision of float32 products": torch.get_float32_matmul_precision(),
        "cuDNN's settings": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "NumPy's handling of errors": tuple(sorted(np.geterr().items())),
        VARIABLES: tuple(sorted(item for item in os.environ.items() if item[0] not in NOT_THEIRS)),
    }


def restore(before: dict[str, Any]) -> None:
    """Put back what `snapshot` saw."""
    import numpy as np
    import torch

    after = snapshot()

    def changed(name: str) -> bool:
        return bool(before[name] != after[name])

    if changed("the seed of torch"):
        torch.set_rng_state(torch.frombuffer(bytearray(before["the seed of torch"]), dtype=torch.uint8))
    if changed("the seed of NumPy"):
        keys, *rest = before["the seed of NumPy"]
        np.random.set_state(("MT19937", np.frombuffer(keys, dtype=np.uint32), *rest))  # noqa: NPY002
    random.setstate(before["the seed of random"])
    torch.set_default_dtype(before["torch's default dtype"])
    if changed("torch's default device"):
        torch.set_default_device(before["torch's default device"])
    if changed("torch's number of threads"):
        torch.set_num_threads(before["torch's number of threads"])
    if changed("anomaly mode"):
        torch.autograd.set_detect_anomaly(*before["anomaly mode"])
    torch.set_grad_enabled(before["gradients being recorded"])
    if changed("deterministic algorithms"):
        torch.use_deterministic_algorithms(before["deterministic algorithms"])
    if changed("the precision of float32 products"):
        torch.set_float32_matmul_precision(before["the precision of float32 products"])
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = before["cuDNN's settings"]
    np.seterr(**dict(before["NumPy's handling of errors"]))
    wanted = dict(before[VARIABLES])
    for key in set(os.environ) - set(wanted) - NOT_THEIRS:
        del os.environ[key]
    os.environ.update({key: value for key, value in wanted.items() if os.environ.get(key) != value})


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of what differs, each environment variable by its own."""
    found = [name for name in before if before[name] != after[name] and name != VARIABLES]
    then, now = dict(before[VARIABLES]), dict(after[VARIABLES])
    return found + [
        f"the environment variable {key}" for key in sorted({*then, *now}) if then.get(key) != now.get(key)
    ]


@contextmanager
def plain_torch(threads: int | None = None) -> Iterator[None]:
    """Record gradients, in float32 and on the CPU unless asked otherwise, whatever is set outside.

    Parameters
    ----------
    threads : of torch; as many as are set where None.
    """
    import torch

    dtype, device = torch.get_default_dtype(), str(torch.get_default_device())
    outside = torch.get_num_threads()
    torch.set_default_dtype(torch.float32)
    if threads is not None and threads != outside:
        torch.set_num_threads(threads)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            if device == "cpu":
                yield
            else:
                with torch.device("cpu"):
                    yield
    finally:
        torch.set_default_dtype(dtype)
        if threads is not None and threads != outside:
            torch.set_num_threads(outside)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Run a block, then fill the list with the names of what it changed, and put all of it back."""
    before = snapshot()
    found: list[str] = []
    try:
        yield found
    finally:
        found += changes(before, snapshot())
        if found:
            restore(before)
