"""For every test: shapes are checked, torch runs on one thread, and draws repeat in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Before anything of the project is imported. (tests/support is on the path, see pyproject.toml.)
install_import_hook(["theory", "empirics"], "shape_checks.shapes_only")

import torch  # noqa: E402  (after the hook, like everything that might import the project)

torch.set_num_threads(1)  # pytest-xdist runs one worker a core

# No deadline: the first SymPy call of a process is slow, and a busy machine would fail a right test.
settings.register_profile("local", deadline=None, max_examples=25)
# Where a red run must mean a defect in the change at hand: the same draws every time.
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is read from, or written to, the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOSSMATTERS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
