(* How large a symmetric loss can be, against C/(K-1), the condition of R4. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry losses.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Within.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.

Lemma linear_bound (A p : R) : 0 <= A -> 0 <= p ->
  A * (1 - p) <= A * (K%:R - 1) / (K%:R - 1).
Proof.
move=> A0 p0; rewrite mulfK ?gt_eqF ?subr_gt0 ?K_gt1 //.
by apply: (le_from (mulr_ge0 A0 p0)); ring.
Qed.

(* claim: R4.bound; every K >= 2 for MAE, unhinged, RCE and 0-1 *)
(* MAE, unhinged, RCE and the 0-1 loss are at most C/(K-1). *)
Theorem within_bound (A : R) (q : simplex R K -> simplex R K) (u : simplex R K) (y : 'I_K) :
  0 <= A ->
  [/\ mae u y <= 2%:R * (K%:R - 1) / (K%:R - 1), unhinged u y <= (K%:R - 1) / (K%:R - 1),
      rce A u y <= A * (K%:R - 1) / (K%:R - 1) & zero_one q u y <= (K%:R - 1) / (K%:R - 1)].
Proof.
move=> A0; have u0 : 0 <= u y := weight_ge0 u y; have q0 : 0 <= q u y := weight_ge0 _ _.
split; rewrite ?maeE ?linear_bound ?ler0n //.
  by have := linear_bound ler01 u0; rewrite !mul1r.
by have := linear_bound ler01 q0; rewrite !mul1r.
Qed.
End Within.

Section Beyond.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+3.
Local Notation share := ((K%:R - 1)^-1 : R).

Lemma K1_gt1 : 1 < K%:R - 1 :> R.
Proof. by rewrite ltr_subr_addr -[1 + 1]/(2%:R) ltr_nat. Qed.

Lemma K1_neq0 : 3%:R + k%:R - 1 != 0 :> R.
Proof. by have := lt_trans ltr01 K1_gt1; rewrite -[K]add3n natrD => /gt_eqF ->. Qed.

Lemma share_range : 0 < share < 1.
Proof. by rewrite invr_gt0 invf_lt1 ?K1_gt1 ?(lt_trans ltr01) ?K1_gt1. Qed.

(* p on the class y, the rest spread evenly. *)
Section Even.
Variables (y : 'I_K) (p : R).
Hypothesis p01 : 0 <= p <= 1.

Definition even (i : ordinal_finType K) : R := if i == y then p else (1 - p) * share.

Lemma even_ge0 i : 0 <= even i.
Proof.
case/andP: p01 => p0 p1; rewrite /even; case: ifP => // _.
by rewrite mulr_ge0 ?subr_ge0 //; case/andP: share_range => /ltW.
Qed.

Lemma sum_even (F : R -> R) : \sum_i F (even i) = F p + (K%:R - 1) * F ((1 - p) * share).
Proof.
rewrite (bigD1 y) //= {1}/even eqxx; congr (_ + _).
by under eq_bigr => i /negbTE yi do rewrite /even yi; rewrite sum_others.
Qed.

Lemma even_sum : \sum_i even i = 1.
Proof. by rewrite (sum_even id); field; exact: K1_neq0. Qed.

Definition even_output : simplex R K := Dist even_ge0 even_sum.
End Even.

Lemma zero01 : 0 <= (0 : R) <= 1. Proof. by rewrite lexx ler01. Qed.

(* part of: R4.bound; every K >= 3 for RLL, any strictly concave function in place of the logarithm *)
(* RLL with any strictly concave function in place of the logarithm exceeds C/(K-1) at some output. *)
Theorem rll_beyond (phi : R -> R) (y : 'I_K) :
  strictly_convex_on (@unit_interval R) (fun t => - phi t) ->
  exists u, K%:R * (phi 1 - phi 0) / (K%:R - 1) < rll phi u y.
Proof.
move=> concave; exists (even_output y zero01).
have D0 : unit_interval (0 : R) := zero01.
have D1 : unit_interval (1 : R) by rewrite /unit_interval ler01 lexx.
have := concave _ _ share D1 D0 (oner_neq0 _) share_range.
rewrite mulr1 mulr0 addr0 => above.
rewrite /rll /separable /= /even eqxx.
under eq_bigr => i /negbTE yi do rewrite yi subr0 mul1r.
by rewrite sum_others; apply: (lt_from above); field; exact: K1_neq0.
Qed.

(* claim: R4.bound; every K >= 3 for NMSE *)
(* NMSE exceeds C/(K-1) at some output. *)
Theorem nmse_beyond (y : 'I_K) : exists u : simplex R K, 1 / (K%:R - 1) < nmse u y.
Proof.
exists (even_output y zero01); rewrite /nmse /normalised label_sum_mse mseE /= {1}/even eqxx.
rewrite (sum_even y 0 (fun t => t ^+ 2)) /= !subr0 !mul1r expr0n add0r mulr0 subr0.
have K1 := K1_gt1; have K1_0 := lt_trans ltr01 K1.
have -> : (K%:R - 1) * share ^+ 2 = share.
  by rewrite expr2 mulrA divff ?mul1r // gt_eqF.
have S0 : 0 < K%:R * share + K%:R - 2%:R.
  rewrite -addrA addr_gt0 ?subr_gt0 ?ltr_nat // mulr_gt0 ?ltr0n //; by case/andP: share_range.
rewrite ltr_pdivl_mulr // mulrC ltr_pdivr_mulr //.
have gap : 0 < (K%:R - 1 - 1) * share by rewrite mulr_gt0 ?subr_gt0 //; case/andP: share_range.
by apply: (lt_from gap); field; exact: K1_neq0.
Qed.

(* part of: R4.bound; every K >= 3 for NGCE, any strictly convex phi >= 0 with phi 1 = 0 *)
(* A normalised loss phi(u_y)/sum phi(u_i), phi strictly convex, exceeds C/(K-1) at some output. *)
Theorem normalised_convex_beyond (phi : R -> R) (y : 'I_K) :
  strictly_convex_on (@unit_interval R) phi -> (forall t, 0 <= t <= 1 -> 0 <= phi t) -> phi 1 = 0 ->
  0 < phi 0 -> exists u, 1 / (K%:R - 1) < normalised (of_label phi) u y.
Proof.
move=> convex ge0 phi1 phi0; exists (even_output y zero01).
have D0 : unit_interval (0 : R) := zero01.
have D1 : unit_interval (1 : R) by rewrite /unit_interval ler01 lexx.
have := convex _ _ share D1 D0 (oner_neq0 _) share_range.
rewrite mulr1 mulr0 addr0 phi1 mulr0 add0r => below.
rewrite /normalised /label_sum /of_label /= (sum_even y 0 phi) {1}/even eqxx subr0 mul1r.
have K1_0 := lt_trans ltr01 K1_gt1.
have S0 : 0 < phi 0 + (K%:R - 1) * phi share.
  rewrite ltr_paddr // mulr_ge0 ?(ltW K1_0) // ge0 //.
  by case/andP: share_range => /ltW -> /ltW.
rewrite ltr_pdivl_mulr // mulrC ltr_pdivr_mulr //.
rewrite -(ltr_pmul2l K1_0) in below; move: below; set other := phi _ => below.
by apply: (lt_from below); field; exact: K1_neq0.
Qed.

(* part of: R4.bound; every K >= 3 for NCE and NFL, any phi > 0 that falls, without bound at 0 *)
(* A normalised loss phi(u_y)/sum phi(u_i), phi falling and unbounded at 0, exceeds C/(K-1) at some output without a 0. *)
Theorem normalised_unbounded_beyond (phi : R -> R) (y : 'I_K) :
  (forall t, 0 < t < 1 -> 0 < phi t) -> (forall s t, 0 < s <= t -> t < 1 -> phi t <= phi s) ->
  (forall B, exists2 t, 0 < t <= 2%:R^-1 & B < phi t) ->
  exists2 u, interior u & 1 / (K%:R - 1) < normalised (of_label phi) u y.
Proof.
move=> gt0 falls unbounded; have K1 := K1_gt1; have K1_0 := lt_trans ltr01 K1.
have K2_0 : 0 < K%:R - 1 - 1 :> R by rewrite subr_gt0.
have half0 : 0 < 2%:R^-1 :> R by rewrite invr_gt0 ltr0n.
have half1 : 2%:R^-1 < 1 :> R by rewrite invf_lt1 ?ltr0n // ltr1n.
have /andP[share0 share1] := share_range.
have [t /andP[t0 t_half] large] := unbounded ((K%:R - 1) / (K%:R - 1 - 1) * phi (2%:R^-1 * share)).
have t1 := le_lt_trans t_half half1.
have t01 : 0 <= t <= 1 by rewrite !ltW.
have s0 : 0 < (1 - t) * share by rewrite mulr_gt0 ?subr_gt0.
have s1 : (1 - t) * share < 1.
  by apply: le_lt_trans share1; rewrite ler_pimull ?(ltW share0) // ger_addl oppr_le0 ltW.
have other : phi ((1 - t) * share) <= phi (2%:R^-1 * share).
  apply: falls => //; rewrite mulr_gt0 //= ler_pmul2r //.
  by apply: (le_from t_half); field.
exists (even_output y t01) => [i|]; first by rewrite /= /even; case: ifP.
rewrite /normalised /label_sum /of_label /= (sum_even y t phi) {1}/even eqxx.
have S0 : 0 < phi t + (K%:R - 1) * phi ((1 - t) * share).
  by rewrite addr_gt0 ?mulr_gt0 ?gt0 ?t0 ?s0.
rewrite ltr_pdivl_mulr // mul1r mulrC ltr_pdivr_mulr //.
have {large} large : (K%:R - 1) * phi (2%:R^-1 * share) < (K%:R - 1 - 1) * phi t.
  rewrite -(ltr_pmul2l K2_0) in large; rewrite mulrA in large.
  by rewrite [X in X * phi _ < _]mulrCA divff ?mulr1 ?gt_eqF in large.
have lt := le_lt_trans (ler_wpmul2l (ltW K1_0) other) large.
move: lt; set z := phi _; set w := phi t => lt.
by apply: (lt_from lt); ring.
Qed.

(* A share near 1 outweighs what a linear loss lacks. *)
Lemma active_beyond (phi : R -> R) (y : 'I_K) (alpha c : R) :
  (forall t, 0 < t < 1 -> 0 < phi t) -> (forall s t, 0 < s <= t -> t < 1 -> phi t <= phi s) ->
  (forall B, exists2 t, 0 < t <= 2%:R^-1 & B < phi t) -> 0 < alpha -> 0 <= c ->
  exists2 u, interior u &
    (alpha + c * (K%:R - 1)) / (K%:R - 1) < alpha * normalised (of_label phi) u y + c * (1 - u y).
Proof.
move=> gt0 falls unbounded alpha0 c0; have K1 := K1_gt1; have K1_0 := lt_trans ltr01 K1.
have half0 : 0 < 2%:R^-1 :> R by rewrite invr_gt0 ltr0n.
have half1 : 2%:R^-1 < 1 :> R by rewrite invf_lt1 ?ltr0n // ltr1n.
have /andP[share0 share1] := share_range.
pose z0 := phi (2%:R^-1 * share).
have [t' /andP[t'0 t'_half] large'] := unbounded (3%:R * ((K%:R - 1) * z0)).
have four0 : 0 < 4%:R * (c + 1) by rewrite mulr_gt0 ?ltr0n // ltr_paddl ?ltr01.
pose e := alpha / (4%:R * (c + 1)); have e0 : 0 < e by rewrite divr_gt0.
pose t := Num.min t' e.
have t0 : 0 < t by rewrite lt_minr t'0.
have t_half : t <= 2%:R^-1 by rewrite le_minl t'_half.
have t_e : t <= e by rewrite le_minl lexx orbT.
have t1 := le_lt_trans t_half half1.
have large : 3%:R * ((K%:R - 1) * z0) < phi t.
  apply: lt_le_trans large' _; apply: falls; last exact: le_lt_trans t'_half half1.
  by rewrite t0 le_minl lexx.
have t01 : 0 <= t <= 1 by rewrite !ltW.
have s0 : 0 < (1 - t) * share by rewrite mulr_gt0 ?subr_gt0.
have s1 : (1 - t) * share < 1.
  by apply: le_lt_trans share1; rewrite ler_pimull ?(ltW share0) // ger_addl oppr_le0 ltW.
have other : phi ((1 - t) * share) <= z0.
  apply: falls => //; rewrite mulr_gt0 //= ler_pmul2r //.
  by apply: (le_from t_half); field.
exists (even_output y t01) => [i|]; first by rewrite /= /even; case: ifP.
rewrite /normalised /label_sum /of_label /= (sum_even y t phi) /even eqxx.
have S0 : 0 < phi t + (K%:R - 1) * phi ((1 - t) * share).
  by rewrite addr_gt0 ?mulr_gt0 ?gt0 ?t0 ?s0.
have share_large : 3%:R / 4%:R < phi t / (phi t + (K%:R - 1) * phi ((1 - t) * share)).
  rewrite ltr_pdivr_mulr ?ltr0n // mulrAC ltr_pdivl_mulr //.
  have lt := le_lt_trans (ler_wpmul2l (ler0n R 3) (ler_wpmul2l (ltW K1_0) other)) large.
  by move: lt; set z := phi _; set w := phi t => lt; apply: (lt_from lt); ring.
have lack : c * t <= alpha / 4%:R.
  apply: le_trans (ler_wpmul2l c0 t_e) _; rewrite /e mulrA ler_pdivr_mulr // mulrAC ler_pdivl_mulr ?ltr0n //.
  rewrite -subr_ge0; have -> : alpha * (4%:R * (c + 1)) - c * alpha * 4%:R = 4%:R * alpha by ring.
  by rewrite mulr_ge0 ?ler0n // ltW.
have small : alpha / (K%:R - 1) <= alpha / 2%:R.
  by rewrite ler_pmul2l // lef_pinv ?posrE ?ltr0n // ler_subr_addr -(natrD _ 2 1) ler_nat.
have -> : (alpha + c * (K%:R - 1)) / (K%:R - 1) = alpha / (K%:R - 1) + c by field; exact: K1_neq0.
rewrite -(ltr_pmul2l alpha0) in share_large; move: share_large; set N := phi t / _ => share_large.
have enough : alpha / 2%:R < alpha * N - alpha / 4%:R by apply: (lt_from share_large); field.
have rest : c - alpha / 4%:R <= c * (1 - t) by apply: (le_from lack); field.
apply: le_lt_trans (ler_add small (lexx c)) _.
by apply: (lt_from (ltr_le_add enough rest)); field.
Qed.
End Beyond.

(* claim: R4.bound; K = 2, every symmetric loss >= 0 *)
(* For two classes every symmetric loss >= 0 is at most C/(K-1). *)
Theorem binary_bound (R : realFieldType) (U : Type) (L : loss R 2 U) (C : R) u y :
  symmetric L C -> (forall u y, 0 <= L u y) -> L u y <= C / (2%:R - 1).
Proof.
move=> sym ge0; have -> : 2%:R - 1 = 1 :> R by rewrite mulr2n addrK.
rewrite divr1 -(sym u) /label_sum (bigD1 y) //= ler_addl.
by apply: sumr_ge0 => i _; apply: ge0.
Qed.
