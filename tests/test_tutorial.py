"""The tutorials run from top to bottom and print what they show."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
# The files that each page writes.
PAGES = {
    "tutorial.md": {"my_losses.py", "by_hand.py", "mended.py", "test_my_losses.py"},
    "your_data.md": {"nets.py", "how.py"},
    "choosing.md": set(),
}
NUMBER = r"\d+\.\d+"
# J1, J2 and M of single networks: another processor rounds otherwise, which 40 epochs magnify. The tutorial
# tells them apart by 0.17 and more.
TRAINING_TOLERANCE = 0.08


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Each block of Python with the output that is shown below it, if any."""
    pattern = r"```python\n(.*?)```(?:\n```text\n(.*?)```)?"
    for block in re.finditer(pattern, (DOCS / page).read_text(), flags=re.DOTALL):
        yield block[1], block[2] or ""


@pytest.mark.parametrize("page", PAGES)
def test_the_tutorial_prints_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")  # the same draws every time
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    names = {"__name__": "__main__"}
    tried, files = 0, set()
    for name in PAGES[page]:  # of another test, and another file
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
    for code, shown in blocks(page):
        file = re.match(r"# (\w+\.py)\n", code)
        if file:
            Path(file[1]).write_text(code)
            exec(compile(code, file[1], "exec"), {"__name__": file[1].removesuffix(".py")})
            files.add(file[1])
            continue
        exec(compile(code, f"{page}, {code.splitlines()[0]}", "exec"), names)
        printed = capsys.readouterr().out
        assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", shown)
        tolerance = TRAINING_TOLERANCE if "J1" in shown else 0
        found, wanted = (list(map(float, re.findall(NUMBER, text))) for text in (printed, shown))
        assert found == pytest.approx(wanted, abs=tolerance)
        tried += 1
    assert tried >= (1 if page == "choosing.md" else 6)
    assert files == PAGES[page]
