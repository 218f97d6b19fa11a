"""For every test: shapes are checked, torch runs on one thread, and draws repeat in CI."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook
from shape_checks import annotated

# Before anything of the project is imported. (tests/support is on the path, see pyproject.toml.)
install_import_hook(annotated("lossmatters.theory", "lossmatters.empirics"), "shape_checks.shapes_only")

import torch  # noqa: E402  (after the hook, like everything that might import the project)

torch.set_num_threads(1)  # pytest-xdist runs one worker a core

# No deadline: the first SymPy call of a process is slow, and a busy machine would fail a right test.
settings.register_profile("local", deadline=None, max_examples=25)
# Where a red run must mean a defect in the change at hand: the same draws every time.
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
if os.environ.get("CI"):
    # Else examples are drawn among the numbers of all files loaded so far, too: they would hang on the order
    # of the tests and on how these are dealt out to workers. No setting turns that off; older ones lack it.
    with contextlib.suppress(ImportError):
        from hypothesis.internal.conjecture import providers

        if hasattr(providers, "_get_local_constants"):
            no_constants = providers.Constants()
            providers._get_local_constants = lambda: no_constants


# Each takes four CPU seconds or more, measured; `make test` leaves them out, `make test-all` does not.
SLOW = re.compile(
    r"""
    test_claims.py::test_check_.*\[S4-\d\]
    | test_runner.py::test_(a_killed_sweep_resumes|a_run_killed_at_a_random_moment|a_sweep_writes|two_workers)
    | test_runner.py::test_(a_part_of_|a_seed_alone|warm_starts_go_on)
    | test_cluster.py::test_a_budget_ends_cleanly
    | test_examples.py::test_certify\[.*:(probability_of_error|normalized_spherical)\]
    | test_criterion_interface.py::test_it_compiles_to_one_graph
    | test_strategies.py::test_losses_cover_the_registry_and_its_parameters
    | test_label_sum_range.py::test_only_linear_losses_and_shares_meet_the_bound_of_r4\[20\]
    | test_decide.py::test_catalogue_is_decided_as_it_declares\[100-js
    | test_robust_to.py::test_bound_of_r4
    | test_ledger.py::test_workers_change_nothing
    """,
    re.VERBOSE,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `SLOW` names."""
    for item in items:
        if SLOW.search(item.nodeid):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is read from, or written to, the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOSSMATTERS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
