"""R7 on a network, for every loss of the registry."""

from __future__ import annotations

from math import isnan

import pytest

from lossmatters.proofs_checks.claims.risk.averaged_gradients import DIFFERENT, SAME, SHOWN, path_distance
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.symmetry.decide import decide

SMOOTH = [n for n in sorted(LOSSES) if get(n).differentiable and n not in (*SHOWN.follows, *SHOWN.parts)]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_two_descents_are_one_exactly_for_symmetric_losses(name: str) -> None:
    # without a least value the parameters grow for ever, and what rounding did in the first steps with them
    distance = path_distance(get(name), steps=20) if name == "logit-unhinged" else path_distance(get(name))
    if name == "truncated-gce":  # no output of the untrained network exceeds k: no gradient, and 0/0
        assert isnan(distance)
        return
    status = decide(get(name), 10).status
    assert status != "undecided"
    if status == "proved":
        assert distance < SAME
    elif status == "refuted":
        assert distance > SAME


def test_paths_part_further_with_every_step() -> None:
    few, many = path_distance(get("mse"), steps=5), path_distance(get("mse"), steps=50)
    assert SAME < few < many
    assert many > DIFFERENT
