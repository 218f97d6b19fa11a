(* The type of all that a theorem takes before its conclusion, for the instances that satisfy it. *)
From mathcomp Require Import all_ssreflect all_algebra.

(* Data and conditions, one inside the other. The check computes it anew and does not believe this file. *)
Ltac hypotheses_of type :=
  let type := eval cbv beta zeta in type in
  lazymatch type with
  | forall x : ?A, @?B x => constr:(@sigT A (fun x : A =>
      ltac:(let b := eval cbv beta in (B x) in let r := hypotheses_of b in exact r)))
  | _ => constr:(unit)
  end.
Ltac hypotheses theorem := let type := type of theorem in let r := hypotheses_of type in exact r.

(* The next condition, by a tactic. *)
Tactic Notation "holds" tactic3(t) := lazymatch goal with |- @sigT ?A _ =>
  let h := fresh in assert (h : A); [t | exists h] end.
