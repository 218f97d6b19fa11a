"""Read a Coq file for what a proof must not hold: statements without proof, files from elsewhere."""

from __future__ import annotations

import re

# Ways to state without proof, or to weaken the kernel. `Print Assumptions` finds most of them; so does this.
_FORBIDDEN = re.compile(
    r"\b(Admitted|admit|give_up|Admit\s+Obligations|Axioms?|Conjectures?|Parameters?|bypass_check"
    r"|Module|Unset\s+(?:Guard|Positivity|Universe)\s+Checking)\b"
)
# Ways to read what is not in the folder, or what a reader does not see.
_OUTSIDE = re.compile(
    r"\b(Load|Add\s+(?:Rec\s+)?(?:LoadPath|ML)|Declare\s+ML|Cd|Redirect|Drop|Register|Primitive)\b"
)
_REQUIRES = re.compile(r"Require\b")
_FROM = re.compile(
    r"From\s+(?:Coq|mathcomp(?:\.\w+)?|Lossmatters)\s+Require\s+(?:Import|Export)\s+\w+(?:\s+\w+)*$"
)
# A notation that other files see could make a statement say another thing in the same words.
_NOTATION = re.compile(r"(?:#\[[^\]]*\]\s*)?(?:Global\s+)?((?:Reserved\s+)?Notation|Infix)\b")
_ASSUMING = re.compile(r"(?:(?:Local|Global|Polymorphic)\s+)?(Variables?|Hypothes[ie]s|Context|Let)\b")


class RejectedError(Exception):
    """What a checker of proofs must not let pass, in words."""


def scan(name: str, text: str) -> None:
    """Reject a text that states without proving, or assumes outside a section."""
    text = without_comments(text)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise RejectedError(f"{name}: {forbidden[0]} stands for a proof that is not there")
    depth = 0
    for sentence in re.split(r"\.(?=\s|$)", text):
        sentence = sentence.strip()
        depth += bool(re.match(r"Section\s", sentence)) - bool(re.match(r"End\s", sentence))
        outside = _OUTSIDE.search(sentence)
        if outside or (_REQUIRES.search(sentence) and not _FROM.match(sentence)):
            what = outside[1] if outside else " ".join(sentence.split())[:60]
            raise RejectedError(f"{name}: {what} may read files that are not looked at here")
        if _NOTATION.match(sentence):
            raise RejectedError(f"{name}: a notation that is not local may change what statements say")
        assuming = _ASSUMING.match(sentence)
        if assuming and depth == 0:
            raise RejectedError(f"{name}: {assuming[1]} outside a section assumes for good")


def without_comments(text: str) -> str:
    """Return the text with its comments, which may be nested, and its strings taken out.

    Outside a comment `*)` is text, as in ``(simpl in *)``: a depth below 0 would hide what follows.
    """
    out, depth = [], 0
    for token in re.findall(r'"[^"]*"|\(\*|\*\)|.', text, re.DOTALL):
        if token == "(*":
            depth += 1
        elif token == "*)" and depth:
            depth -= 1
        elif depth == 0 and not token.startswith('"'):
            out.append(token)
    return "".join(out)
