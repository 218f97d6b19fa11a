"""Witnesses and provenance, which are any JSON data, as something that a person can read."""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup, escape

LABELS = {  # of lossmatters.theory.symmetry.witness
    "S_u": "S(u)",
    "S_v": "S(v)",
    "S_u_value": "S(u), decimal",
    "S_v_value": "S(v), decimal",
    "how": "computed by",
}
SHOWN = 40  # entries of a list; what is left out is counted


def readable(value: Any) -> Markup:
    """Return JSON data as HTML: objects as definition lists, flat lists as tuples, all else escaped."""
    if isinstance(value, dict):
        items = Markup("").join(
            Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(
                LABELS.get(key, str(key).replace("_", " ")), readable(item)
            )
            for key, item in value.items()
        )
        return Markup("<dl>{}</dl>").format(items)
    if isinstance(value, list | tuple):
        shown = value[:SHOWN]
        more = f" and {len(value) - SHOWN} more" if len(value) > SHOWN else ""
        if any(isinstance(item, dict | list | tuple) for item in value):
            items = Markup("").join(Markup("<li>{}</li>").format(readable(item)) for item in shown)
            return Markup("<ul>{}</ul>{}").format(items, more)
        return escape(f"({', '.join(map(scalar, shown))}){more}")
    return escape(scalar(value))


def scalar(value: Any) -> str:
    """Write a number, text or nothing as text: floats to six digits, lest a page be full of roundings."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else {math.inf: "∞", -math.inf: "-∞"}.get(value, "NaN")
    return str(value)
