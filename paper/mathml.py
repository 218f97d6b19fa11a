"""Prose with LaTeX between dollar signs, as HTML with MathML.

Everything outside the dollars is escaped; what latex2mathml makes of the inside is rebuilt from a list
of harmless elements and attributes, so that no statement can carry a link, a style or a script.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import zip_longest
from xml.etree import ElementTree

from markupsafe import Markup, escape

ELEMENTS = re.compile(
    "math|mrow|mi|mn|mo|ms|mtext|mspace|mfrac|msqrt|mroot|mstyle|mpadded|mphantom|msub|msup|msubsup"
    "|munder|mover|munderover|mmultiscripts|mprescripts|mtable|mtr|mtd"
)
ATTRIBUTES = re.compile(
    "display|stretchy|fence|form|separator|largeop|movablelimits|symmetric|accent|accentunder|lspace|rspace"
    "|minsize|maxsize|width|height|depth|linethickness|columnalign|rowspacing|columnspacing|mathvariant"
)
# latex2mathml takes these for text; a backslash that is left over afterwards counts as a failure.
MACROS = (
    (r"\argmax", r"\operatorname{arg\,max}"),
    (r"\argmin", r"\operatorname{arg\,min}"),
    (r"\arg", r"\operatorname{arg}"),
)
FUNCTIONS = re.compile("argmax|argmin|log|exp|ln|max|min|sup|inf|arg|det|dim|Pr|lim")
OPENING = ("(", "[", "{", "|")
RELATION = re.compile(" ([=<>\N{PLUS-MINUS SIGN}\N{GREATER-THAN OR EQUAL TO}]|>=|<=) ")
MATH = re.compile(r"\$([^$]+)\$")


def prose(text: str) -> Markup:
    """Return escaped text whose ``$...$`` parts are MathML; a part that is no LaTeX is shown as it stands.

    >>> str(prose("<b> and $x$")).startswith("&lt;b&gt; and <math")
    True
    """
    parts = MATH.split(text)
    return Markup("").join(mathml(p) if i % 2 else escape(_together(p)) for i, p in enumerate(parts))


def _together(text: str) -> str:
    """Join what is around a sign of relation: "n = 5" and "95.1 ± 0.9" stay on one line."""
    return RELATION.sub("\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", text)


def mathml(latex: str) -> Markup:
    """Return a LaTeX formula as inline MathML, or as escaped code where it cannot be converted."""
    converted = _convert(latex)
    return Markup(converted) if converted else Markup("<code>{}</code>").format(latex)  # built, not passed on


@cache
def _convert(latex: str) -> str | None:
    from latex2mathml.converter import convert

    for macro, replacement in MACROS:
        # in a replacement of re.sub a backslash is special, and nothing else is
        latex = re.sub(re.escape(macro) + r"(?![A-Za-z])", replacement.replace("\\", r"\\"), latex)
    try:
        root = ElementTree.fromstring(convert(latex))
    except Exception:  # latex2mathml's errors share no base class, and a bad formula must not cost the report
        return None
    clean = _rebuild(root)
    if any("\\" in (text or "") for text in clean.itertext()):
        return None
    clean.set("alttext", latex)
    return ElementTree.tostring(clean, encoding="unicode", short_empty_elements=False)


def _rebuild(node: ElementTree.Element) -> ElementTree.Element:
    """Return the same formula without namespaces, and with nothing but known elements and attributes."""
    name = node.tag.rpartition("}")[2]
    attributes = {k: v for k, v in node.attrib.items() if ATTRIBUTES.fullmatch(k)}
    if name == "mo" and FUNCTIONS.fullmatch(node.text or ""):
        name = "mi"  # as an operator it would get wide spaces on both sides
    clean = ElementTree.Element(name if ELEMENTS.fullmatch(name) else "mrow", attributes)
    clean.text = node.text
    if attributes.get("mathvariant") == "bold":
        # MathML Core knows no bold variant: bold letters are characters of their own.
        del clean.attrib["mathvariant"]
        clean.text = "".join(map(_bold, node.text or ""))
    children = [_rebuild(child) for child in node]
    for child, following in zip_longest(children, children[1:]):
        clean.append(child)
        # TeX sets a thin space after the name of a function, unless a bracket follows; browsers do not.
        if name == "mrow" and _is_function(child) and following is not None and not _opens(following):
            clean.append(ElementTree.Element("mspace", {"width": "0.167em"}))
    return clean


def _is_function(node: ElementTree.Element) -> bool:
    base = node[0] if node.tag in ("msub", "msup", "msubsup", "munder") and len(node) else node
    return base.tag == "mi" and FUNCTIONS.fullmatch(base.text or "") is not None


def _opens(node: ElementTree.Element) -> bool:
    first = next((n for n in node.iter() if n.tag in ("mi", "mn", "mo")), None)
    return node.tag in ("mo", "mrow") and first is not None and (first.text or "").startswith(OPENING)


def _bold(character: str) -> str:
    for start, first in (("A", 0x1D400), ("a", 0x1D41A), ("0", 0x1D7CE)):
        offset = ord(character) - ord(start)
        if 0 <= offset < (10 if start == "0" else 26):
            return chr(first + offset)
    return character
