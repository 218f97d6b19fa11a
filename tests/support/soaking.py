"""What the parts of the soak share: what is wrong, what is counted, and how long a thing may take."""

from __future__ import annotations

import os
from collections import Counter

LONGEST = 20  # seconds of computing
SLOWER = float(os.environ.get("SOAK_SLOWER", "10"))  # the clock, of a machine that has other things to do
PATIENCE = LONGEST * SLOWER
COUNTS: Counter[str] = Counter()


class Wrong(AssertionError):
    """What must not be."""
