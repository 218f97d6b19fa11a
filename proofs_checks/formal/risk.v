(* R1: uniform noise and the risk of a symmetric loss. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Slope.
Variables (R : realFieldType) (k : nat) (eta : R).
Local Notation K := k.+2.

Lemma slopeE : slope K eta = (threshold R K - eta) * (K%:R / (K%:R - 1)).
Proof. by rewrite /slope /threshold; field; rewrite K_neq0 K1_neq0. Qed.

Lemma factor_gt0 : 0 < K%:R / (K%:R - 1) :> R.
Proof. by rewrite divr_gt0 ?ltr0n ?subr_gt0 ?K_gt1. Qed.

Lemma slope_gt0 : (0 < slope K eta) = (eta < threshold R K).
Proof. by rewrite slopeE pmulr_lgt0 ?factor_gt0 // subr_gt0. Qed.

Lemma slope_lt0 : (slope K eta < 0) = (threshold R K < eta).
Proof. by rewrite slopeE pmulr_llt0 ?factor_gt0 // subr_lt0. Qed.
End Slope.

Section AnyLoss.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (eta : R).

(* Under uniform noise a label is replaced by one drawn from all labels, with probability eta K/(K-1). *)
Lemma noisy_loss u i :
  \sum_j uniform_noise eta i j * L u j = flip K eta * label_sum L u + slope K eta * L u i.
Proof.
rewrite /label_sum (bigD1 i) //= [in RHS](bigD1 i) //= /uniform_noise eqxx.
under eq_bigr => j /negbTE -> do [].
rewrite -mulr_sumr /flip /slope; set others := \sum_(_ | _) _.
by field; apply: K1_neq0.
Qed.

Lemma uniform_riskE (P : problem R K) (h : input P -> U) :
  uniform_risk L eta h
    = flip K eta * (\sum_x prob P x * label_sum L (h x)) + slope K eta * risk L h.
Proof.
rewrite /uniform_risk /noisy_risk /risk !mulr_sumr -big_split /=.
apply: eq_bigr => x _; rewrite mulrCA [slope _ _ * _]mulrCA -mulrDr; congr (_ * _).
by rewrite -mean_affine; apply: eq_bigr => i _; rewrite noisy_loss.
Qed.
End AnyLoss.

Section R1.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (C eta : R).
Hypothesis sym : symmetric L C.

Variables (P : problem R K) (H : (input P -> U) -> Prop).
Implicit Types h : input P -> U.

(* claim: R1; every K >= 2, every rate, every ordered field, finite input distributions *)
(* The noisy risk of a symmetric loss is C b + a R. *)
Theorem R1 h : uniform_risk L eta h = C * flip K eta + slope K eta * risk L h.
Proof.
rewrite uniform_riskE mulrC; congr (_ * _ + _).
by under eq_bigr => x _ do rewrite sym; rewrite -mulr_suml weight_sum mul1r.
Qed.

(* claim: R1.order; every K >= 2, every rate below the threshold, finite input distributions *)
(* Below the threshold a symmetric loss ranks any two hypotheses under noise as it does on clean labels. *)
Theorem R1_order h1 h2 : eta < threshold R K ->
  risk L h1 < risk L h2 <-> uniform_risk L eta h1 < uniform_risk L eta h2.
Proof. by rewrite -slope_gt0 !R1 ltr_add2l => a0; rewrite ltr_pmul2l. Qed.

(* claim: R1.order; every K >= 2, every rate below the threshold, finite input distributions *)
(* Below the threshold the clean and the noisy risk have the same minimisers over every class. *)
Theorem R1_minimisers h : eta < threshold R K ->
  minimises H (risk L) h <-> minimises H (uniform_risk L eta) h.
Proof.
rewrite -slope_gt0 => a0; split=> -[Hh least]; split=> // h' /least;
  by rewrite !R1 ler_add2l ler_pmul2l.
Qed.

(* claim: R1.threshold; every K >= 2, finite input distributions *)
(* At the threshold the noisy risk is C/K, whatever the hypothesis. *)
Theorem R1_threshold h : eta = threshold R K -> uniform_risk L eta h = C / K%:R.
Proof.
move=> at_threshold; rewrite R1 slopeE at_threshold subrr !mul0r addr0 /flip /threshold.
by field; rewrite K_neq0 K1_neq0.
Qed.

(* claim: R1.threshold; every K >= 2, finite input distributions *)
(* Beyond the threshold noise turns the order of every pair around. *)
Theorem R1_beyond h1 h2 : threshold R K < eta ->
  risk L h1 < risk L h2 <-> uniform_risk L eta h2 < uniform_risk L eta h1.
Proof. by rewrite -slope_lt0 !R1 ltr_add2l => a0; rewrite ltr_nmul2l. Qed.
End R1.
