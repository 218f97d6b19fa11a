(* Numbers, functions and outputs of which the instances are made, over any ordered field. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry risk losses vertex.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* Rates, shares and constants for three classes. *)
Section Numbers.
Variable R : realFieldType.

Lemma third : 0 < 3%:R^-1 :> R. Proof. by rewrite invr_gt0 ltr0n. Qed.
Lemma half : 0 < 2%:R^-1 :> R. Proof. by rewrite invr_gt0 ltr0n. Qed.
Lemma fourth : 0 < 4%:R^-1 :> R. Proof. by rewrite invr_gt0 ltr0n. Qed.
Lemma thresholdE : threshold R 3 = 2%:R * 3%:R^-1. Proof. by rewrite /threshold; congr (_ / _); ring. Qed.
Lemma below : 3%:R^-1 < threshold R 3.
Proof. by rewrite thresholdE -[ltLHS]mul1r ltr_pmul2r ?third // ltr1n. Qed.
Lemma rate : 0 < (3%:R^-1 : R) < threshold R 3. Proof. by rewrite third below. Qed.
Lemma rate_ge0 : 0 <= (3%:R^-1 : R) < threshold R 3. Proof. by rewrite (ltW third) below. Qed.
Lemma rate_le : 0 <= (3%:R^-1 : R) <= threshold R 3. Proof. by rewrite (ltW third) (ltW below). Qed.
Lemma half01 : 0 <= (2%:R^-1 : R) <= 1. Proof. by rewrite ltW ?half // invf_le1 ?ltr0n // ler1n. Qed.
Lemma third01 : 0 <= (3%:R^-1 : R) <= 1. Proof. by rewrite ltW ?third // invf_le1 ?ltr0n // ler1n. Qed.
Lemma at_threshold : 2%:R / 3%:R = threshold R 3. Proof. by rewrite thresholdE. Qed.
Lemma beyond : threshold R 3 < 3%:R / 4%:R.
Proof.
by rewrite thresholdE ltr_pdivr_mulr ?ltr0n // mulrAC ltr_pdivl_mulr ?ltr0n // -!natrM ltr_nat.
Qed.
Lemma small : 4%:R^-1 < threshold R 3.
Proof. by rewrite (lt_trans _ below) // ltf_pinv ?posrE ?ltr0n // ltr_nat. Qed.
Lemma small_rate : 0 <= (4%:R^-1 : R) <= threshold R 3 / 2%:R.
Proof.
rewrite (ltW fourth) thresholdE mulrAC divff ?pnatr_eq0 // mul1r.
by rewrite lef_pinv ?posrE ?ltr0n // ler_nat.
Qed.
Lemma K1E : 3%:R - 1 = 2%:R :> R. Proof. by ring. Qed.
Lemma K1_gt0 : 0 < 3%:R - 1 :> R. Proof. by rewrite subr_gt0 ltr1n. Qed.
Lemma small_share : 0 <= (4%:R^-1 : R) <= threshold R 3 * ((3%:R - 1) / (2%:R * (3%:R - 1))).
Proof.
rewrite (_ : (3%:R - 1) / _ = 2%:R^-1) ?small_rate // invfM mulrCA divff ?mulr1 //.
by apply: lt0r_neq0; exact: K1_gt0.
Qed.
Lemma two_thirds : 3%:R^-1 + 3%:R^-1 <= 1 :> R.
Proof. by rewrite -mulr2n -[_ *+ 2]mulr_natl ler_pdivr_mulr ?ltr0n // mul1r ler_nat. Qed.
Lemma half_slope : slope 3 (3%:R^-1) = 2%:R^-1 :> R.
Proof. by rewrite /slope K1E; field. Qed.
Lemma slope_between : 2%:R^-1 <= slope 3 (3%:R^-1 : R) <= 1.
Proof. by rewrite half_slope; apply/andP; split=> //; case/andP: half01. Qed.
Lemma slope_neq0 : slope 3 (3%:R^-1 : R) != 0.
Proof. by rewrite half_slope; apply: lt0r_neq0; exact: half. Qed.
Lemma C_gt0 : 0 < 2%:R * (3%:R - 1) :> R. Proof. by rewrite mulr_gt0 ?ltr0n ?K1_gt0. Qed.
Lemma C_ge : 3%:R - 1 <= 2%:R * (3%:R - 1) :> R.
Proof. by rewrite ler_pmull ?K1_gt0 // ler1n. Qed.

Lemma flip_third : flip 3 (3%:R^-1) < 1 - 3%:R^-1 :> R.
Proof.
rewrite /flip (_ : 3%:R - 1 = 2%:R) ?ltr_pdivr_mulr ?ltr0n //; last by ring.
rewrite (_ : (1 - 3%:R^-1) * 2%:R = 3%:R^-1 + 1); first by rewrite ltr_addl ltr01.
by field.
Qed.
End Numbers.

Section Any.
Variable R : realFieldType.
Implicit Types (D : R -> Prop) (a b t x y : R).


Lemma line_convex D a b (G : R -> R) :
  (forall x y t, D x -> D y -> 0 <= t <= 1 -> D (t * x + (1 - t) * y)) ->
  (forall t, G t = a + b * t) -> convex_on D G.
Proof.
move=> stays GE x y t Dx Dy t01; split; first exact: stays.
by rewrite !GE le_eqVlt; apply/orP; left; apply/eqP; ring.
Qed.

Lemma unit_closed x y t :
  unit_interval x -> unit_interval y -> 0 <= t <= 1 -> unit_interval (t * x + (1 - t) * y).
Proof.
rewrite /unit_interval => /andP[x0 x1] /andP[y0 y1] /andP[t0 t1]; have u0 : 0 <= 1 - t by rewrite subr_ge0.
rewrite addr_ge0 ?mulr_ge0 //=.
by apply: (le_from (ler_add (ler_wpmul2l t0 x1) (ler_wpmul2l u0 y1))); ring.
Qed.

Lemma open_closed x y t : 0 < x <= 1 -> 0 < y <= 1 -> 0 <= t <= 1 -> 0 < t * x + (1 - t) * y <= 1.
Proof.
move=> /andP[x0 x1] /andP[y0 y1] t01; have /andP[t0 t1] := t01.
have /andP[_ ->] : unit_interval (t * x + (1 - t) * y).
  by apply: unit_closed => //; rewrite /unit_interval ltW.
rewrite andbT; move: t0; rewrite le_eqVlt => /orP[/eqP <-|t0]; first by rewrite mul0r add0r subr0 mul1r.
by rewrite ltr_paddr ?mulr_gt0 // mulr_ge0 ?subr_ge0 // ltW.
Qed.

Lemma square_gap x y t :
  t * x ^+ 2 + (1 - t) * y ^+ 2 - (t * x + (1 - t) * y) ^+ 2 = t * (1 - t) * (x - y) ^+ 2.
Proof. by ring. Qed.

Lemma square_convex D : strictly_convex_on D (fun t => t ^+ 2).
Proof.
move=> a b t _ _ ab /andP[t0 t1]; rewrite -subr_gt0 square_gap; apply: mulr_gt0.
  by rewrite mulr_gt0 ?subr_gt0.
by rewrite lt_def sqr_ge0 andbT sqrf_eq0 subr_eq0.
Qed.

Lemma square_from_1_convex D : strictly_convex_on D (fun t => (1 - t) ^+ 2).
Proof.
move=> a b t _ _ ab t01; have ab' : 1 - a != 1 - b by rewrite (inj_eq (addrI _)) eqr_opp.
by apply: (lt_from (@square_convex (fun=> True) _ _ _ I I ab' t01)); ring.
Qed.

Lemma inverse_unbounded (B : R) : exists2 t, 0 < t <= 2%:R^-1 & B < t^-1.
Proof.
have m0 : 0 < `|B| + 2%:R by rewrite ltr_paddl.
exists (`|B| + 2%:R)^-1; last by rewrite invrK ltr_spaddr // ler_norm.
rewrite invr_gt0 m0 /=; have h : 2%:R <= `|B| + 2%:R by rewrite ler_addr.
by rewrite lef_pinv ?posrE ?ltr0n.
Qed.

(* 1 at 0 and 0 elsewhere: convex, and infinitely steep at 0. *)
Lemma jump_convex : convex_on (@unit_interval R) (fun t => (t == 0)%:R).
Proof.
move=> x y t Dx Dy t01; split; first exact: unit_closed.
have /andP[x0 _] := Dx; have /andP[y0 _] := Dy; have /andP[t0 t1] := t01.
have u0 : 0 <= 1 - t by rewrite subr_ge0.
have [zero | _] := eqVneq; last by rewrite addr_ge0 ?mulr_ge0 ?ler0n.
have /eqP := zero; rewrite paddr_eq0 ?mulr_ge0 // !mulf_eq0 => /andP[xt yt].
case/orP: xt yt => /eqP ->; first by rewrite subr0 oner_eq0 /= => /eqP ->; rewrite eqxx mul0r add0r mul1r.
case/orP=> [u1 | /eqP ->]; last by rewrite eqxx !mulr1 addrC subrK.
by rewrite (eqP u1) eqxx mul0r addr0 mulr1 -(subKr 1 t) (eqP u1) subr0.
Qed.

Lemma jump_steep : steep_at_0 (fun t : R => (t == 0)%:R).
Proof.
move=> e; have m0 : 0 < `|e| + 1 by rewrite ltr_paddl.
exists (`|e| + 1)^-1; first by rewrite invr_gt0.
move=> h /andP[h0 small]; rewrite (gt_eqF h0) eqxx sub0r mulNr mul1r ltr_oppl.
apply: le_lt_trans (_ : - e <= `|e| + 1) _; first by rewrite (le_trans (ler_norm _)) ?normrN ?ler_addl.
by rewrite -[ltLHS]invrK ltf_pinv ?posrE ?invr_gt0.
Qed.

Lemma mae_ge0 (u : simplex R 3) (y : 'I_3) : 0 <= mae u y.
Proof. by rewrite maeE mulr_ge0 // subr_ge0 weight_le1. Qed.

Lemma mae_range (u : simplex R 3) (y : 'I_3) : 0 <= mae u y <= 2%:R * (3%:R - 1) / (3%:R - 1).
Proof.
rewrite mae_ge0 mulfK ?gt_eqF ?subr_gt0 ?ltr1n // maeE.
by rewrite ger_pmulr ?ltr0n // ger_addl oppr_le0 weight_ge0.
Qed.

Lemma mae_vertex (y : 'I_3) : mae (vertex R y) y = 0.
Proof. by rewrite maeE /= eqxx subrr mulr0. Qed.

Lemma mse_between (u : simplex R 3) : 1 <= label_sum (@mse R 3) u <= 4%:R.
Proof.
have small : \sum_i u i ^+ 2 <= 1.
  by rewrite -(weight_sum u); apply: ler_sum => i _; rewrite expr2 ler_pimulr ?weight_ge0 ?weight_le1.
have large : 0 <= \sum_i u i ^+ 2 by apply: sumr_ge0 => i _; apply: sqr_ge0.
rewrite label_sum_mse; apply/andP; split.
  by apply: (le_from (ler_wpmul2l (ler0n R 3) large)); ring.
by apply: (le_from (ler_wpmul2l (ler0n R 3) small)); ring.
Qed.

Lemma falling_symmetric : symmetric (separable (fun t => 1 - t) (fun=> 0) : loss R 3 _) (3%:R - 1).
Proof. by move=> u; rewrite (S1 _) /generator => [|t _ _]; ring. Qed.

Lemma falling_slope : slope_at_0 (fun t : R => 1 - t) (-1).
Proof.
move=> e e0; exists 1 => // h /andP[h0 _].
have -> : (1 - h - (1 - 0)) / h - -1 = 0 by field; apply: lt0r_neq0.
by rewrite normr0.
Qed.

Lemma falling_slope_1 : slope_at_1 (fun t : R => 1 - t) (-1).
Proof.
move=> e e0; exists 1 => // h /andP[h0 _].
have -> : (1 - 1 - (1 - (1 - h))) / h - -1 = 0 by field; apply: lt0r_neq0.
by rewrite normr0.
Qed.
End Any.
