"""docs/tutorial.md runs from top to bottom and prints what it shows."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.md"
NUMBER = r"\d+\.\d+"
# J1, J2 and M of single networks: another processor rounds otherwise, which 40 epochs magnify. The tutorial
# tells them apart by 0.17 and more.
TRAINING_TOLERANCE = 0.08


def blocks() -> Iterator[tuple[str, str]]:
    """Each block of Python with the output that is shown below it, if any."""
    pattern = r"```python\n(.*?)```(?:\n```text\n(.*?)```)?"
    for block in re.finditer(pattern, TUTORIAL.read_text(), flags=re.DOTALL):
        yield block[1], block[2] or ""


def test_the_tutorial_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")  # the same draws every time
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    names = {"__name__": "__main__"}
    tried, files = 0, set()
    for code, shown in blocks():
        file = re.match(r"# (\w+\.py)\n", code)
        if file:
            Path(file[1]).write_text(code)
            exec(compile(code, file[1], "exec"), {"__name__": file[1].removesuffix(".py")})
            files.add(file[1])
            continue
        exec(compile(code, f"{TUTORIAL.name}, {code.splitlines()[0]}", "exec"), names)
        printed = capsys.readouterr().out
        assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", shown)
        tolerance = TRAINING_TOLERANCE if "J1" in shown else 0
        found, wanted = (list(map(float, re.findall(NUMBER, text))) for text in (printed, shown))
        assert found == pytest.approx(wanted, abs=tolerance)
        tried += 1
    assert tried >= 6
    assert files == {"my_losses.py", "by_hand.py", "mended.py", "test_my_losses.py"}
