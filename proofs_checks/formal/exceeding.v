(* R4.bound: which losses of the catalogue stay below C/(K-1), and which exceed it. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry losses logarithm powers catalogue shares largest.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Within.
Variables (R : realType) (k : nat).
Local Notation K := k.+2.

Lemma share_le1 (psi : R -> R) (u : simplex R K) y :
  (forall t, 0 <= t <= 1 -> 0 <= psi t) -> one_less_share psi u y <= (K%:R - 1) / (K%:R - 1).
Proof.
move=> ge0; rewrite divff ?gt_eqF ?subr_gt0 ?ltr1n // ler_subl_addr ler_addl.
have each i : 0 <= psi (u i) by rewrite ge0 ?weight_ge0 ?weight_le1.
by apply: divr_ge0; [exact: each | apply: sumr_ge0 => i _; exact: each].
Qed.

Lemma focal_falls (gamma s t : R) : 0 < gamma -> 0 < s <= t -> t <= 1 -> focal gamma t <= focal gamma s.
Proof.
move=> gamma0 /andP[s0 st] t1; have t0 := lt_le_trans s0 st.
have le : pow gamma (1 - t) <= pow gamma (1 - s) by rewrite pow_le ?subr_ge0 // ler_add2l ler_opp2.
apply: le_trans (ler_wpmul2r (ln_ge_neg t0 t1) le) _.
by rewrite ler_wpmul2l ?pow_ge0 // ler_opp2 ler_ln ?posrE.
Qed.

(* claim: R4.bound; every K >= 2 for NNCE and NNFL, every gamma > 0, p_min between 0 and 1/K *)
(* NNCE and NNFL, of C = K-1, are at most C/(K-1). *)
Theorem shares_within (gamma p : R) (u : simplex R K) y : 0 < gamma -> 0 < p < K%:R^-1 ->
  one_less_share (fun t => ln (Num.max t p / p)) u y <= (K%:R - 1) / (K%:R - 1) /\
  one_less_share (fun t => focal gamma p - focal gamma (Num.max t p)) u y <= (K%:R - 1) / (K%:R - 1).
Proof.
move=> gamma0 /andP[p0 p1].
have p_lt1 : p < 1 by apply: lt_trans p1 _; rewrite invf_lt1 ?ltr0n // ltr1n.
split; apply: share_le1 => t /andP[t0 t1].
  by apply: ln_ge0; rewrite ler_pdivl_mulr // mul1r le_maxr lexx orbT.
by rewrite subr_ge0 focal_falls ?p0 ?le_maxr ?lexx ?orbT // le_maxl t1 ltW.
Qed.
End Within.

Section Exceeding.
Variables (R : realType) (k : nat).
Local Notation K := k.+3.

Lemma cce_falls (s t : R) : 0 < s <= t -> t < 1 -> cce t <= cce s.
Proof.
by move=> /andP[s0 st] _; rewrite /cce ler_opp2 ler_ln ?posrE // (lt_le_trans s0 st).
Qed.

Lemma cce_large (B : R) : exists2 t, 0 < t <= 2%:R^-1 & B < cce t.
Proof.
pose m := `|B| + 1; exists (expR (- m)); last first.
  by rewrite /cce expK opprK; apply: le_lt_trans (ler_norm B) _; rewrite ltr_addl ltr01.
rewrite expR_gt0 expRN lef_pinv ?posrE ?expR_gt0 ?ltr0n //=.
have m0 : 0 < m by rewrite ltr_paddl ?ltr01.
apply: (@le_trans _ _ (1 + m)); last by rewrite ltW // expR_gt1Dx // gt_eqF.
by rewrite /m addrCA -(natrD _ 1 1) ler_addr normr_ge0.
Qed.

Lemma focal_large (gamma B : R) : 0 < gamma -> exists2 t, 0 < t <= 2%:R^-1 & B < focal gamma t.
Proof.
move=> gamma0; have half0 : 0 < 2%:R^-1 :> R by rewrite invr_gt0 ltr0n.
pose c := pow gamma (2%:R^-1 : R); have c0 : 0 < c by exact: pow_gt0.
have [t /andP[t0 t_half] large] := cce_large (`|B| / c).
exists t; first by rewrite t0.
have le : c <= pow gamma (1 - t) by rewrite pow_le ?(ltW half0) //; apply: (le_from t_half); field.
apply: le_lt_trans (ler_norm B) _; rewrite ltr_pdivr_mulr // mulrC in large.
apply: lt_le_trans large _; rewrite ler_wpmul2r // ln_ge_neg //.
by apply: le_trans t_half _; rewrite invf_le1 ?ltr0n // ler1n.
Qed.

(* claim: R4.bound; every K >= 3 for NCE, NFL, NGCE and the pairs; gamma > 0, q between 0 and 1, alpha > 0, beta and A >= 0 *)
(* NCE, NFL and NGCE exceed C/(K-1), and so do the sums of NCE or NFL with MAE or RCE. *)
Theorem shares_beyond (gamma q alpha beta A : R) (y : 'I_K) :
  0 < gamma -> 0 < q < 1 -> 0 < alpha -> 0 <= beta -> 0 <= A ->
  let exceeds (C : R) (L : loss R K (simplex R K)) := exists2 u, interior u & C / (K%:R - 1) < L u y in
  let share phi : loss R K (simplex R K) := normalised (of_label phi) in
  [/\ exceeds 1 (share (@cce R)), exceeds 1 (share (focal gamma)),
      exists u, 1 / (K%:R - 1) < share (gce q) u y
    & forall phi, phi = @cce R \/ phi = focal gamma ->
        exceeds (alpha + beta * (2%:R * (K%:R - 1))) (fun u y => alpha * share phi u y + beta * mae u y) /\
        exceeds (alpha + beta * (A * (K%:R - 1))) (fun u y => alpha * share phi u y + beta * rce A u y)].
Proof.
move=> gamma0 q01 alpha0 beta0 A0 exceeds share; have /andP[q0 q1] := q01.
have gt0 phi : phi = @cce R \/ phi = focal gamma -> forall t, 0 < t < 1 -> 0 < phi t.
  by case=> -> t; [exact: cce_gt0 | exact: focal_gt0].
have falls phi : phi = @cce R \/ phi = focal gamma -> forall s t, 0 < s <= t -> t < 1 -> phi t <= phi s.
  by case=> -> s t st t1; [exact: cce_falls | apply: focal_falls => //; exact: ltW].
have large phi : phi = @cce R \/ phi = focal gamma -> forall B, exists2 t, 0 < t <= 2%:R^-1 & B < phi t.
  by case=> -> B; [exact: cce_large | exact: focal_large].
have one phi : phi = @cce R \/ phi = focal gamma -> exceeds 1 (share phi).
  by move=> is_; apply: normalised_unbounded_beyond; [exact: gt0 | exact: falls | exact: large].
have both phi c : phi = @cce R \/ phi = focal gamma -> 0 <= c ->
    exists2 u : simplex R K, interior u &
      (alpha + beta * (c * (K%:R - 1))) / (K%:R - 1) < alpha * share phi u y + beta * (c * (1 - u y)).
  move=> is_ c0; have bc0 : 0 <= beta * c by rewrite mulr_ge0.
  have [u inside lt] := active_beyond y (gt0 _ is_) (falls _ is_) (large _ is_) alpha0 bc0.
  by exists u; rewrite // !mulrA; move: lt; rewrite mulrA.
split; [exact: one (or_introl _) | exact: one (or_intror _) | | move=> phi is_; split].
- apply: normalised_convex_beyond => [a b t /andP[a0 _] /andP[b0 _] ab t01|t t01||].
  + have := pow_strictly_concave q01 a0 b0 ab t01; rewrite /gce.
    move: (pow q a) (pow q b) (pow q _) => x z w lt.
    by rewrite -(ltr_pmul2l q0); apply: (lt_from lt); field; rewrite gt_eqF.
  + by rewrite divr_ge0 ?(ltW q0) // subr_ge0 pow_le1.
  + by rewrite /gce pow1 subrr mul0r.
  + by rewrite /gce pow0 subr0 divr_gt0 ?ltr01.
- have [u inside lt] := both phi 2%:R is_ (ler0n R 2).
  by exists u; rewrite // maeE.
- exact: both.
Qed.
End Exceeding.
