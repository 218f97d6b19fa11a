"""Files that a checker of proofs must reject, each by another of its rules."""

from __future__ import annotations

NOT_STATED = "a theorem that is not in the file of statements"
KNOWN_FALSE: dict[str, str] = {
    "a theorem whose proof is admitted": "Theorem wrong : False.\nProof.\nAdmitted.\n",
    "a theorem that rests on an axiom of this project": (
        "Section S. Local Axiom nothing : False.\nEnd S.\n"
        "(* claim: X; none *)\n(* Words. *)\nTheorem wrong : False.\nProof.\nexact nothing.\nQed.\n"
    ),
    "a theorem that rests on an axiom of a library": (
        "From Coq Require Import Classical.\n"
        "(* claim: X; none *)\n(* Words. *)\n"
        "Theorem wrong (P : Prop) : P \\/ ~ P.\nProof.\nexact (classic P).\nQed.\n"
    ),
    "a theorem from a hypothesis outside a section": (
        "Hypothesis nothing : False.\n"
        "(* claim: X; none *)\n(* Words. *)\nTheorem wrong : False.\nProof.\nexact nothing.\nQed.\n"
    ),
    "a proof that is admitted behind a mark that only looks like the end of a comment": (
        "Ltac all := (simpl in *).\n"
        "(* claim: X; none *)\n(* Words. *)\nTheorem wrong : False.\nProof.\nAdmitted.\n"
    ),
    "a file that reads another": 'Load "elsewhere.v".\n'
    "(* claim: X; none *)\n(* Words. *)\nTheorem wrong : True.\nProof.\nexact I.\nQed.\n",
    "a notation for others that says another thing": 'Notation "x =e y" := True (at level 70).\n'
    "(* claim: X; none *)\n(* Words. *)\nTheorem wrong : 1 =e 2.\nProof.\nexact I.\nQed.\n",
    "a theorem from a hypothesis that is false": (
        "(* claim: X; none *)\n(* Words. *)\nTheorem wrong : False -> 2 + 2 = 5.\nProof.\nintros [].\nQed.\n"
    ),
    NOT_STATED: ("(* claim: X; none *)\n(* Words. *)\nTheorem right : True.\nProof.\nexact I.\nQed.\n"),
    "a proof that does not prove its theorem": (
        "(* claim: X; none *)\n(* Words. *)\nTheorem wrong : 2 + 2 = 5.\nProof.\nreflexivity.\nQed.\n"
    ),
}
