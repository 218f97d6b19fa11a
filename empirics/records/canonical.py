"""The text that the digest of a record is of: what ``json.dumps(content, sort_keys=True)`` gives, sooner.

Nearly all of a record are the numbers of its curves, and Python takes far longer than msgspec to write them.
Both write a float in the fewest digits that are read back as it; where they place them otherwise, Python
writes.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

CURVES = "curves"
sorted_json = json.JSONEncoder(sort_keys=True).encode  # json.dumps makes an encoder at each call
_encode = msgspec.json.Encoder().encode


def canonical_text(content: dict[str, Any]) -> str:
    """Return ``json.dumps(content, sort_keys=True)``."""
    curves = content.get(CURVES)
    if not isinstance(curves, dict) or not curves:
        return sorted_json(content)
    before = sorted_json({k: v for k, v in content.items() if k < CURVES})
    after = sorted_json({k: v for k, v in content.items() if k > CURVES})
    own = ", ".join(f"{sorted_json(name)}: {numbers_text(curves[name])}" for name in sorted(curves))
    parts = (before[1:-1], f'"{CURVES}": {{{own}}}', after[1:-1])
    return f"{{{', '.join(part for part in parts if part)}}}"


def numbers_text(values: Any) -> str:
    """Return ``json.dumps(values, sort_keys=True)``, which is sooner done of a list of numbers."""
    if type(values) is list:
        try:
            text = _encode(values)
        except (TypeError, ValueError, OverflowError, RecursionError):  # Python may know how
            return sorted_json(values)
        # Not where there is an exponent or "true"; "null", which may be a NaN; text; or a number below 1e-4,
        # to which Python gives an exponent and msgspec may not.
        if not (b"e" in text or b"n" in text or b'"' in text or b"0.0000" in text):
            return text.replace(b",", b", ").decode()
    return sorted_json(values)
