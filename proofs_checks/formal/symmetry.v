(* S1 to S3: when the sum of a loss over all labels is constant. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section S1.
Variables (R : realFieldType) (K : nat) (f g : R -> R).
Local Notation G := (generator K f g).

Lemma separable_sum u : label_sum (separable (K := K) f g) u = \sum_i G (u i).
Proof.
rewrite /label_sum /separable !big_split /=; congr (_ + _).
have others y : \sum_(i | i != y) g (u i) = \sum_i g (u i) - g (u y).
  by rewrite [X in X - _](bigD1 y) //= [X in X - _]addrC addrK.
under eq_bigr => y _ do rewrite others.
rewrite sumrB sumr_const card_ord -mulr_sumr mulrBl mul1r.
by rewrite mulr_natl.
Qed.

(* claim: S1; every K *)
Theorem S1 : affine_on_unit G ->
  symmetric (separable (K := K) f g) ((K%:R - 1) * G 0 + G 1).
Proof.
move=> affine u; rewrite separable_sum.
under eq_bigr => i _ do rewrite affine ?weight_ge0 ?weight_le1 // mulrC.
rewrite big_split /= -mulr_sumr weight_sum sumr_const card_ord -mulr_natl.
by ring.
Qed.
End S1.

Section S3.
Variables (R : realFieldType) (K : nat) (U : Type).
Implicit Types L M : loss R K U.

(* claim: S3; every K, S different from 0 *)
Theorem S3 L : (forall u, label_sum L u != 0) -> symmetric (normalised L) 1.
Proof. by move=> S0 u; rewrite /label_sum -mulr_suml mulfV ?S0. Qed.

(* claim: S3.sum; every K, every factor *)
Theorem S3_sum L M c C D : symmetric L C -> symmetric M D ->
  symmetric (fun u y => L u y + M u y) (C + D) /\ symmetric (fun u y => c * L u y) (c * C).
Proof.
move=> symL symM; split=> u; rewrite /label_sum.
  by rewrite big_split /= -(symL u) -(symM u).
by rewrite -mulr_sumr -(symL u).
Qed.
End S3.
