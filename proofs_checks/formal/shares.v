(* The losses of the catalogue that are a share of a sum, or one minus a share, or a share and a linear loss. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry losses logarithm powers catalogue.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Shares.
Variables (R : realType) (k : nat).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).
Local Notation loss := (loss R K simplex).
Implicit Types (u : simplex) (phi psi : R -> R) (t p q gamma : R).

Lemma two_classes u : u ord0 + u (lift ord0 ord0) <= 1.
Proof.
rewrite -[leRHS](weight_sum u) !big_ord_recl addrA ler_addl.
by apply: sumr_ge0 => i _; apply: weight_ge0.
Qed.

Lemma other_class (i : 'I_K) : exists j : 'I_K, j != i.
Proof. by have [-> | i0] := eqVneq i ord0; [exists (lift ord0 ord0) | exists ord0; rewrite eq_sym]. Qed.

Lemma interior_lt1 u i : interior u -> u i < 1.
Proof.
move=> inside; have [j ji] := other_class i.
have := weight_sum u; rewrite (bigD1 i) //= (bigD1 j) //=; set z := \sum_(_ | _) _ => total.
have z0 : 0 <= z by apply: sumr_ge0 => m _; apply: weight_ge0.
by rewrite -total ltr_addl ltr_paddr // inside.
Qed.

Lemma sum_gt0 phi u i : (forall j, 0 <= phi (u j)) -> 0 < phi (u i) -> 0 < \sum_j phi (u j).
Proof. by move=> ge0 gt0; rewrite (bigD1 i) //= ltr_paddr // sumr_ge0. Qed.

Lemma normalised_inside phi u : (forall t, 0 < t < 1 -> 0 < phi t) -> interior u ->
  label_sum (normalised (of_label phi)) u = 1.
Proof.
move=> gt0 inside; have each i : 0 < phi (u i) by rewrite gt0 // inside interior_lt1.
have S0 := @sum_gt0 phi u ord0 (fun j => ltW (each j)) (each ord0).
by rewrite /label_sum /normalised -mulr_suml mulfV // gt_eqF.
Qed.

Definition cce t := - ln t.
Definition focal gamma t := pow gamma (1 - t) * - ln t.

Lemma cce_gt0 t : 0 < t < 1 -> 0 < cce t.
Proof. by case/andP=> t0 t1; apply: ln_gt_neg. Qed.

Lemma focal_gt0 gamma t : 0 < t < 1 -> 0 < focal gamma t.
Proof. by case/andP=> t0 t1; rewrite mulr_gt0 ?ln_gt_neg // pow_gt0 // subr_gt0. Qed.

(* claim: L.nce; every K >= 2, outputs without a 0 *)
(* NCE has the label sum 1 at every output without a 0. *)
Theorem nce_symmetric u : interior u -> label_sum (normalised (of_label cce)) u = 1.
Proof. by apply: normalised_inside; apply: cce_gt0. Qed.

(* claim: L.nfl; every K >= 2, every gamma, outputs without a 0 *)
(* NFL has the label sum 1 at every output without a 0. *)
Theorem nfl_symmetric gamma u : interior u -> label_sum (normalised (of_label (focal gamma))) u = 1.
Proof. by apply: normalised_inside => t; apply: focal_gt0. Qed.

Lemma gce_ge0 q t : 0 < q -> 0 <= t <= 1 -> 0 <= gce q t.
Proof. by move=> q0 t01; rewrite divr_ge0 ?(ltW q0) // subr_ge0 pow_le1. Qed.

(* claim: L.ngce; every K >= 2, every q > 0 *)
(* NGCE is symmetric with C = 1. *)
Theorem ngce_symmetric q : 0 < q -> symmetric (normalised (of_label (gce q)) : loss) 1.
Proof.
move=> q0; apply: S3 => u.
have [i lt] : exists i, u i < 1.
  have [lt | ge] := ltP (u ord0) 1; first by exists ord0.
  exists (lift ord0 ord0); apply: le_lt_trans ltr01.
  by have := le_trans (ler_add ge (lexx (u (lift ord0 ord0)))) (two_classes u); rewrite ger_addl.
rewrite gt_eqF //; apply: (@sum_gt0 (gce q) u i) => [j|].
  by rewrite gce_ge0 ?weight_ge0 ?weight_le1.
by rewrite divr_gt0 // subr_gt0 pow_lt1 ?weight_ge0.
Qed.

Lemma active_passive phi (alpha beta A : R) u : (forall t, 0 < t < 1 -> 0 < phi t) -> interior u ->
  label_sum (fun u y => alpha * normalised (of_label phi) u y + beta * (A * (1 - u y))) u
    = alpha + beta * (A * (K%:R - 1)).
Proof.
move=> gt0 inside; have one : \sum_y normalised (of_label phi) u y = 1 := normalised_inside gt0 inside.
have linear : \sum_y A * (1 - u y) = A * (K%:R - 1) := linear_symmetric A id u.
by rewrite /label_sum big_split /= -[X in X + _]mulr_sumr -[X in _ + X]mulr_sumr one linear mulr1.
Qed.

(* claim: L.nce-mae, L.nce-rce, L.nfl-mae, L.nfl-rce; every K >= 2, all factors, outputs without a 0 *)
(* The sums of NCE or NFL with MAE or RCE have the label sums alpha + 2 beta (K-1) and alpha + beta A (K-1). *)
Theorem pairs_symmetric (alpha beta A gamma : R) u : interior u ->
  let with_mae phi : loss := fun u y => alpha * normalised (of_label phi) u y + beta * mae u y in
  let with_rce phi : loss := fun u y => alpha * normalised (of_label phi) u y + beta * rce A u y in
  [/\ label_sum (with_mae cce) u = alpha + beta * (2%:R * (K%:R - 1)),
      label_sum (with_rce cce) u = alpha + beta * (A * (K%:R - 1)),
      label_sum (with_mae (focal gamma)) u = alpha + beta * (2%:R * (K%:R - 1))
    & label_sum (with_rce (focal gamma)) u = alpha + beta * (A * (K%:R - 1))].
Proof.
move=> inside with_mae with_rce.
have mae_as phi : label_sum (with_mae phi) u
    = label_sum (fun u y => alpha * normalised (of_label phi) u y + beta * (2%:R * (1 - u y))) u.
  by apply: eq_bigr => y _; rewrite /with_mae maeE.
have focal0 := focal_gt0 gamma.
split; rewrite ?mae_as; [exact: active_passive cce_gt0 inside | exact: active_passive cce_gt0 inside
  | exact: active_passive focal0 inside | exact: active_passive focal0 inside].
Qed.

(* One minus the share of psi(u_y). *)
Definition one_less_share psi : loss := fun u y => 1 - normalised (of_label psi) u y.

Lemma large_class u : exists i, K%:R^-1 <= u i.
Proof.
apply/existsP; rewrite -[X in is_true X]negbK negb_exists; apply/negP => /forallP small.
have lt i : u i < K%:R^-1 by rewrite ltNge small.
have : \sum_i u i < \sum_(i < K) K%:R^-1.
  rewrite (bigD1 ord0) //= [ltRHS](bigD1 ord0) //=; apply: ltr_le_add; first exact: lt.
  by apply: ler_sum => i _; apply: ltW.
by rewrite weight_sum uniform_sum ltxx.
Qed.

Lemma share_symmetric psi p : p < K%:R^-1 -> (forall t, 0 <= t <= 1 -> 0 <= psi t) ->
  (forall t, p < t <= 1 -> 0 < psi t) -> symmetric (one_less_share psi) (K%:R - 1).
Proof.
move=> small ge0 gt0 u; have [i large] := large_class u.
have S0 : 0 < \sum_j psi (u j).
  apply: (@sum_gt0 psi u i) => [j|]; first by rewrite ge0 ?weight_ge0 ?weight_le1.
  by rewrite gt0 // (lt_le_trans small large) weight_le1.
have one : \sum_y normalised (of_label psi) u y = 1.
  by rewrite /normalised -mulr_suml mulfV // gt_eqF.
by rewrite /label_sum /one_less_share sumrB one sumr_const card_ord.
Qed.

(* claim: L.nnce; every K >= 2, p_min between 0 and 1/K *)
(* NNCE is symmetric with C = K-1. *)
Theorem nnce_symmetric p : 0 < p < K%:R^-1 ->
  symmetric (one_less_share (fun t => ln (Num.max t p / p))) (K%:R - 1).
Proof.
case/andP=> p0 p1; apply: (share_symmetric p1) => t /andP[t0 t1].
  by apply: ln_ge0; rewrite ler_pdivl_mulr // mul1r le_maxr lexx orbT.
by apply: ln_gt0; rewrite (max_idPl (ltW t0)) ltr_pdivl_mulr // mul1r.
Qed.

(* claim: L.nnfl; every K >= 2, every gamma > 0, p_min between 0 and 1/K *)
(* NNFL is symmetric with C = K-1. *)
Theorem nnfl_symmetric gamma p : 0 < gamma -> 0 < p < K%:R^-1 ->
  symmetric (one_less_share (fun t => focal gamma p - focal gamma (Num.max t p))) (K%:R - 1).
Proof.
move=> gamma0 /andP[p0 p1].
have p_lt1 : p < 1 by apply: lt_trans p1 _; rewrite invf_lt1 ?ltr0n // ltr1n.
have falls t : p < t -> t <= 1 -> focal gamma t < focal gamma p.
  move=> pt t1; have t0 := lt_trans p0 pt.
  have le : pow gamma (1 - t) <= pow gamma (1 - p).
    by rewrite pow_le ?subr_ge0 // ler_add2l ler_opp2 ltW.
  apply: le_lt_trans (ler_wpmul2r (ln_ge_neg t0 t1) le) _.
  by rewrite ltr_pmul2l ?pow_gt0 ?subr_gt0 // ltr_opp2 ltr_ln ?posrE.
apply: (share_symmetric p1) => t /andP[t0 t1].
  have [le | lt] := leP t p; first by rewrite subrr.
  by rewrite subr_ge0 ltW // falls.
by rewrite (max_idPl (ltW t0)) subr_gt0 falls.
Qed.
End Shares.

(* claim: L.cce; every K >= 2 *)
(* Cross-entropy exceeds every bound at some output without a 0. *)
Theorem cce_unbounded (R : realType) k (B : R) : exists (u : simplex R k.+2) y,
  interior u /\ B < of_label (fun t => - ln t) u y.
Proof.
pose s : R := expR (- (`|B| + 1)).
have m0 : 0 < `|B| + 1 by rewrite ltr_paddl.
have s0 : 0 < s := expR_gt0 _.
have s1 : s < 1 by rewrite expR_lt1 oppr_lt0.
have K1 : 0 < k.+2%:R - 1 :> R by rewrite subr_gt0 K_gt1.
pose w (i : ordinal_finType k.+2) : R := if i == ord0 then s else (1 - s) / (k.+2%:R - 1).
have w0 i : 0 < w i by rewrite /w; case: eqP => // _; rewrite divr_gt0 // subr_gt0.
have w1 : \sum_i w i = 1.
  rewrite (bigD1 ord0) //= {1}/w eqxx; under eq_bigr => i /negbTE i0 do rewrite /w i0.
  by rewrite sum_others mulrC divfK ?gt_eqF // addrC subrK.
exists (Dist (fun i => ltW (w0 i)) w1), ord0; split=> [i|]; first exact: w0.
rewrite /of_label /= /w eqxx /s expK opprK.
by rewrite (le_lt_trans (ler_norm B)) // ltr_addl ltr01.
Qed.
