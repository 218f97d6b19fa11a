"""The fixed parts of a proof about a loss of one's own: definitions and lemmas on sums, in Coq."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """A file for one loss: its text, what it shows and for what."""

    text: str
    theorem: str
    scope: str
    says: str


DEFINITIONS = """From Coq Require Import Reals Lra Lia Arith.
Local Open Scope R_scope.

(* -- what the statement speaks of -- *)

(* x to the power q, for x > 0; 0 to any power is 0. *)
Definition power (x q : R) : R := if Rle_dec x 0 then 0 else Rpower x q.

(* F 0 + ... + F (n - 1). *)
Fixpoint sum (n : nat) (F : nat -> R) : R :=
  match n with O => 0 | S m => sum m F + F m end.

(* K probabilities. *)
Definition output (K : nat) (u : nat -> R) :=
  (forall i, (i < K)%nat -> 0 <= u i) /\\ sum K u = 1.

(* One function of the label's own probability, and one of each other. *)
Definition separable (K : nat) (f g : R -> R) (u : nat -> R) (y : nat) : R :=
  f (u y) + sum K (fun i => if Nat.eqb i y then 0 else g (u i)).

(* The sum of a loss over all labels. *)
Definition label_sum (K : nat) (L : nat -> R) : R := sum K L.
"""

LEMMAS = """
(* -- sums, once and for all -- *)


Lemma sum_ext n F G : (forall i, (i < n)%nat -> F i = G i) -> sum n F = sum n G.
Proof.
  induction n as [|n IH]; intros same; simpl; [reflexivity|].
  rewrite IH by (intros; apply same; lia). rewrite same by lia. reflexivity.
Qed.

Lemma sum_plus n F G : sum n (fun i => F i + G i) = sum n F + sum n G.
Proof. induction n as [|n IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma sum_times n c F : sum n (fun i => c * F i) = c * sum n F.
Proof. induction n as [|n IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma sum_const n c : sum n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [simpl; ring|rewrite S_INR; simpl; rewrite IH; ring]. Qed.

Lemma sum_nonneg n F : (forall i, (i < n)%nat -> 0 <= F i) -> 0 <= sum n F.
Proof.
  induction n as [|n IH]; intros pos; simpl; [lra|].
  assert (0 <= F n) by (apply pos; lia).
  assert (0 <= sum n F) by (apply IH; intros; apply pos; lia). lra.
Qed.

Lemma sum_but n F y : (y < n)%nat -> sum n (fun i => if Nat.eqb i y then 0 else F i) = sum n F - F y.
Proof.
  induction n as [|n IH]; intros lt; [lia|]. simpl.
  destruct (Nat.eqb_spec n y) as [->|ne].
  - rewrite (sum_ext y _ F); [ring|]. intros i below.
    destruct (Nat.eqb_spec i y); [lia|reflexivity].
  - rewrite IH by lia. ring.
Qed.

Lemma output_le_1 K u i : output K u -> (i < K)%nat -> 0 <= u i <= 1.
Proof.
  intros [pos total] lt. split; [apply pos, lt|].
  pose proof (sum_but K u i lt) as rest. rewrite total in rest.
  assert (0 <= 1 - u i); [|lra]. rewrite <- rest. apply sum_nonneg.
  intros j below. destruct (Nat.eqb j i); [lra|apply pos, below].
Qed.

(* Where f + (K - 1) g is affine, A + B t, the sum over all labels is K A + B. *)
Lemma separable_sum K f g A B u :
  output K u -> (forall t, 0 <= t <= 1 -> f t + (INR K - 1) * g t = A + B * t) ->
  label_sum K (separable K f g u) = INR K * A + B.
Proof.
  intros out affine. unfold label_sum, separable. rewrite sum_plus.
  rewrite (sum_ext K (fun y => sum K _) (fun y => sum K (fun i => g (u i)) + -1 * g (u y))).
  2:{ intros y lt. rewrite (sum_but K (fun i => g (u i)) y lt). ring. }
  rewrite sum_plus, sum_const, sum_times.
  replace (sum K (fun i => f (u i))) with (sum K (fun i => (A + B * u i) + (- (INR K - 1)) * g (u i))).
  2:{ apply sum_ext. intros i lt. rewrite <- (affine (u i)); [ring|]. eapply output_le_1; eassumption. }
  rewrite !sum_plus, !sum_times, sum_const. destruct out as [_ ->]. ring.
Qed.

Lemma normalised_sum K L : label_sum K L <> 0 -> label_sum K (fun y => L y / label_sum K L) = 1.
Proof.
  intros some. unfold label_sum at 1.
  rewrite (sum_ext K _ (fun y => / label_sum K L * L y)) by (intros; unfold Rdiv; ring).
  rewrite sum_times. fold (label_sum K L). field. exact some.
Qed.

Lemma symmetrised_sum K L c : (1 <= K)%nat ->
  label_sum K (fun y => L y - label_sum K L / INR K + c) = INR K * c.
Proof.
  intros some. unfold label_sum at 1.
  rewrite (sum_ext K _ (fun y => L y + (c - label_sum K L / INR K))) by (intros; ring).
  rewrite sum_plus, sum_const. fold (label_sum K L). field.
  apply not_0_INR. lia.
Qed.
"""

REFUTING = """From Coq Require Import Reals Lra.
From Interval Require Import Tactic.
Local Open Scope R_scope.

(* x to the power q, for x > 0; 0 to any power is 0. *)
Definition power (x q : R) : R := if Rle_dec x 0 then 0 else Rpower x q.

Lemma power_positive x q : 0 < x -> power x q = exp (q * ln x).
Proof. intros pos. unfold power, Rpower. destruct (Rle_dec x 0); [lra|reflexivity]. Qed.
"""
