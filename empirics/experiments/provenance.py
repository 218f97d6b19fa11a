"""What a result may depend on beside its configuration: versions, device, time, source."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "numpy", "scikit-learn", "lossmatters")


def provenance(
    *, device: str, seconds: float, samples: int, source: str | None, stack: dict[str, int]
) -> dict[str, Any]:
    """Return the provenance of the records of one stack.

    Parameters
    ----------
    device : "cpu" or "cuda".
    seconds : wall time of the stack, evaluation included.
    samples : training samples seen by its networks together.
    """
    import torch

    from lossmatters.empirics.engine.device import device_name

    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "device": {"type": device, "name": device_name(torch.device(device))},
        "threads": torch.get_num_threads(),
        "wall_time_s": round(seconds, 3),
        "samples_per_s": round(samples / seconds, 1),
        "stack": stack,
        "source": source,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def source_commit() -> str | None:
    """Return the git commit of this source, "-dirty" after it where what trains was changed; None if unknown.

    Asked of git only if this very file is tracked: an installed copy may lie inside another repository.
    """
    here = Path(__file__).resolve()
    root = here.parents[2]

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *arguments],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    if git("ls-files", "--error-unmatch", str(here)) is None:
        return None
    commit = git("rev-parse", "HEAD")
    unchanged = git("diff", "--quiet", "HEAD", "--", "empirics", "theory") is not None
    return commit if unchanged or commit is None else f"{commit}-dirty"


def version(package: str) -> str | None:
    """Return the version of an installed package; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
