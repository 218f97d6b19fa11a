"""No comment is a banner: a file that needs headings is two files."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

import lossmatters

ROOT = Path(lossmatters.__file__).parent
FOLDERS = {name: ROOT / name for name in ("theory", "proofs_checks", "empirics", "paper")}
FOLDERS["tests"] = Path(__file__).parent
BANNER = re.compile(r"#\W*[-=#*~]{3,}|#\s*-{2,}\s")


def banners(source: str) -> list[tuple[int, str]]:
    """Return the line and the text of each comment that draws a line; text in strings is none."""
    comments = (
        t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT
    )
    return [(token.start[0], token.string) for token in comments if BANNER.match(token.string)]


FILES = {
    f"{name}/{path.relative_to(folder).as_posix()}": path
    for name, folder in FOLDERS.items()
    for path in sorted(folder.rglob("*.py"))
}


@pytest.mark.parametrize("name", list(FILES))
def test_no_banner(name):
    assert banners(FILES[name].read_text(encoding="utf-8")) == []


def test_a_banner_is_seen():
    for banner in (
        "# -- sums ------",
        "# ---------",
        "# === sums ===",
        "########",
        "    # -- sums",
        "# *** sums ***",
    ):
        assert banners(f"if x:\n{banner}\n    y = 1\n"), banner
    for other in ("# -1 where it falls", "# a - b, which is exact", "x = '# -- text ---'", "#: 1 -- 2"):
        assert banners(f"{other}\n") == [], other
