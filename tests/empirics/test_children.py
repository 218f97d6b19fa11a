"""What the soak starts and kills."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="forks, as Windows cannot")
from children import forked


def test_a_child_that_is_killed_before_it_begins_said_nothing(tmp_path: Path) -> None:
    for turn in range(20):
        child = forked(lambda: time.sleep(60), tmp_path, tmp_path / str(turn))
        child.kill(signal.SIGKILL, group=False)
        assert child.gone(10)
        assert child.output == ""
        child.end()
