(* R3.sharp: the bound of R3 is attained; and R1 and R6 for expectations that need not be finite sums. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry risk bounds losses minimisers vertex.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Sharp.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (v : U) (e : 'I_K -> U) (low high eta : R).

Lemma largest_label : exists y, label_sum L v / K%:R <= L v y.
Proof.
have K0 : 0 < K%:R :> R by rewrite ltr0n.
apply/existsP; rewrite -[X in is_true X]negbK negb_exists; apply/negP => /forallP small.
have : \sum_y L v y < \sum_(y < K) label_sum L v / K%:R.
  rewrite (bigD1 ord0) //= [ltRHS](bigD1 ord0) //=; apply: ltr_le_add; first by rewrite ltNge small.
  by apply: ler_sum => y _; rewrite ltW // ltNge small.
by rewrite sumr_const card_ord -[_ *+ _]mulr_natr divfK ?gt_eqF // ltxx.
Qed.

(* claim: R3.sharp; every K >= 2, any outputs v and e_y in place of the uniform one and the vertices *)
(* If S is low at v and high at all e_y, and L(e_y, y) = 0, then at every rate up to low/high times the threshold there are a label y and one input for which e_y and v have the same noisy risk, and v has a clean risk that is R3's bound above that of e_y. *)
Theorem R3_sharp : label_sum L v = low -> (forall y, label_sum L (e y) = high) ->
  (forall y, L (e y) y = 0) -> 0 < high -> low <= high -> 0 <= eta <= threshold R K * (low / high) ->
  eta < threshold R K ->
  exists y (P : problem R K),
    uniform_risk L eta (P := P) (fun=> v) = uniform_risk L eta (P := P) (fun=> e y) /\
    risk L (P := P) (fun=> v) - risk L (P := P) (fun=> e y) = eta * (high - low) / (K%:R - 1 - eta * K%:R).
Proof.
move=> at_v at_e none high0 ordered /andP[eta0 eta_le] below.
have K0 : 0 < K%:R :> R by rewrite ltr0n.
have K1 : 0 < K%:R - 1 :> R by rewrite subr_gt0 K_gt1.
have a0 : 0 < slope K eta by rewrite slope_gt0.
have [y] := largest_label; rewrite at_v; set l := L v y => l_large.
have small : eta * K%:R * high <= (K%:R - 1) * low.
  have : eta * (K%:R * high) <= (K%:R - 1) * low.
    rewrite -ler_pdivl_mulr ?mulr_gt0 //; apply: le_trans eta_le _; rewrite le_eqVlt; apply/orP; left.
    by apply/eqP; rewrite /threshold; field; rewrite K_neq0 gt_eqF.
  by rewrite mulrA.
have slopeK : slope K eta * (K%:R - 1) = K%:R - 1 - eta * K%:R.
  by rewrite /slope; field; apply: K1_neq0.
have d0 : 0 < K%:R - 1 - eta * K%:R by rewrite -slopeK mulr_gt0.
pose B := eta * (high - low) / (K%:R - 1 - eta * K%:R).
have B0 : 0 <= B by rewrite divr_ge0 ?(ltW d0) // mulr_ge0 // subr_ge0.
have low0 : 0 <= low.
  by rewrite -(pmulr_rge0 _ K1); apply: le_trans small; rewrite !mulr_ge0 ?(ltW K0) ?(ltW high0).
have B_le : B <= low / K%:R.
  by rewrite ler_pdivr_mulr // mulrAC ler_pdivl_mulr //; apply: (le_from small); ring.
have l0 : 0 <= l by apply: le_trans l_large; rewrite divr_ge0 ?(ltW K0).
pose D := high - low + l * K%:R.
have D0 : 0 < D.
  have le : low <= l * K%:R by rewrite -ler_pdivr_mulr.
  by apply: (lt_le_trans high0); apply: (le_from le); rewrite /D; ring.
pose x := (l - B) * (K%:R - 1) / D.
have x0 : 0 <= x by rewrite divr_ge0 ?(ltW D0) // mulr_ge0 ?(ltW K1) // subr_ge0 (le_trans B_le).
have x1 : x <= 1.
  rewrite ler_pdivr_mulr // mul1r.
  have gap : 0 <= high - low + l + B * (K%:R - 1).
    by rewrite addr_ge0 ?(mulr_ge0 B0) ?(ltW K1) // addr_ge0 ?l0 // subr_ge0.
  by apply: (le_from gap); rewrite /D; ring.
have x01 : 0 <= x <= 1 by rewrite x0.
exists y, (Problem (point R tt) (fun=> noisy_label y x01)).
have riskE u : risk L (P := Problem (point R tt) (fun=> noisy_label y x01)) (fun=> u)
    = flip K x * label_sum L u + slope K x * L u y.
  by rewrite -noisy_loss [LHS](point_mean tt (fun=> \sum_j uniform_noise x y j * L u j)).
have sumE u : \sum_t point R tt t * label_sum L u = label_sum L u by rewrite -mulr_suml weight_sum mul1r.
have clean : flip K x * low + slope K x * l - (flip K x * high + slope K x * 0) = B.
  transitivity (l - x * D / (K%:R - 1)).
    by rewrite /flip /slope /D; field; apply: K1_neq0.
  by rewrite /x divfK ?gt_eqF // mulfK ?gt_eqF // subKr.
rewrite !uniform_riskE !riskE /= !sumE at_v at_e none -/l; split; last exact: clean.
apply/eqP; rewrite -subr_eq0.
have -> : flip K eta * low + slope K eta * (flip K x * low + slope K x * l)
    - (flip K eta * high + slope K eta * (flip K x * high + slope K x * 0))
  = flip K eta * (low - high) + slope K eta * (flip K x * low + slope K x * l - (flip K x * high + slope K x * 0)).
  by ring.
rewrite clean /B -slopeK /flip; apply/eqP; field.
by rewrite K1_neq0 gt_eqF.
Qed.
End Sharp.

(* claim: R3.sharp; every K >= 2, MSE with its own uniform output and vertices *)
(* The label sum of MSE is K-1 at the uniform output and 2(K-1) at the vertices, so that R3's bound is attained up to half the threshold. *)
Theorem R3_sharp_mse (R : realFieldType) (k : nat) (eta : R) : 0 <= eta <= threshold R k.+2 / 2%:R ->
  exists y (P : problem R k.+2),
    let L := @mse R k.+2 in let unsure := fun=> uniform R k.+1 in let sure := fun=> vertex R y in
    uniform_risk L eta (P := P) unsure = uniform_risk L eta (P := P) sure /\
    risk L (P := P) unsure - risk L (P := P) sure = eta * (k.+2%:R - 1) / (k.+2%:R - 1 - eta * k.+2%:R).
Proof.
case/andP=> eta0 half; have K1 : 0 < k.+2%:R - 1 :> R by rewrite subr_gt0 K_gt1.
have K0 : 0 < k.+2%:R :> R by rewrite ltr0n.
have T0 : 0 < threshold R k.+2 by rewrite divr_gt0.
pose low : R := k.+2%:R - 1; pose high := 2%:R * low.
have at_v : label_sum (@mse R k.+2) (uniform R k.+1) = low.
  rewrite label_sum_mse /= sumr_const card_ord -[_ *+ _]mulr_natl /low.
  by field; rewrite K_neq0.
have at_e y : label_sum (@mse R k.+2) (vertex R y) = high.
  rewrite label_sum_mse /= (bigD1 y) //= big1 => [|i /negbTE ->]; last by rewrite expr0n.
  by rewrite eqxx mulr1n expr1n addr0 /high /low; ring.
have none (y : 'I_k.+2) : mse (vertex R y) y = 0 by apply: big1 => i _; rewrite /= subrr expr0n.
have high0 : 0 < high by rewrite mulr_gt0 ?ltr0n.
have ordered : low <= high by rewrite ler_pmull // ler1n.
have ratio : low / high = 2%:R^-1 by rewrite /high; field; rewrite gt_eqF.
have [||y [P [tie gap]]] := R3_sharp at_v at_e none high0 ordered (eta := eta).
- by rewrite eta0 ratio.
- by apply: le_lt_trans half _; rewrite ltr_pdivr_mulr ?ltr0n // ltr_pmulr // ltr1n.
exists y, P; split=> //; rewrite gap /high /low; congr (_ / _); congr (_ * _); ring.
Qed.

Section Expectation.
Variables (R : realFieldType) (k : nat) (U X : Type) (D : (X * 'I_k.+2 -> R) -> Prop).
Local Notation K := k.+2.
Variables (E : (X * 'I_K -> R) -> R) (L : loss R K U) (C eta : R).

(* D: the functions of input and clean label that have an expectation. *)
Definition expectation := [/\ D (fun=> 1), E (fun=> 1) = 1,
    forall a b f g, D f -> D g -> D (fun z => a * f z + b * g z) /\
      E (fun z => a * f z + b * g z) = a * E f + b * E g
  & forall f g, D f -> D g -> (forall z, f z <= g z) -> E f <= E g].

Definition clean_loss (h : X -> U) (z : X * 'I_K) := L (h z.1) z.2.
Definition noisy_loss_of (h : X -> U) (z : X * 'I_K) := \sum_j uniform_noise eta z.2 j * L (h z.1) j.

(* claim: R1; every K >= 2, every rate, any inputs, any linear, monotone, normalised expectation *)
(* For any expectation that is linear, monotone and 1 of 1, the noisy risk of a symmetric loss is C b + a R, also where inputs are not finitely many. *)
Theorem R1_expectation (h : X -> U) : expectation -> symmetric L C ->
  D (clean_loss h) -> D (noisy_loss_of h) ->
  E (noisy_loss_of h) = C * flip K eta + slope K eta * E (clean_loss h).
Proof.
case=> D1 E1 linear monotone sym Dh Dn.
have [Dl lin] := linear (C * flip K eta) (slope K eta) _ _ D1 Dh; rewrite E1 in lin.
have same z : noisy_loss_of h z = C * flip K eta * 1 + slope K eta * clean_loss h z.
  by rewrite /noisy_loss_of noisy_loss sym mulr1 [flip _ _ * _]mulrC.
by rewrite -[C * flip K eta]mulr1 -lin; apply/eqP; rewrite eq_le !monotone // => z; rewrite same.
Qed.
End Expectation.

Section Step.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (C eta eps : R) (P : problem R K) (H : (input P -> U) -> Prop).
Variable empirical : (input P -> U) -> R.

(* part of: R6; every K >= 2, every rate below the threshold, finite input distributions, any empirical risk *)
(* Where the empirical noisy risk is within eps of the noisy risk over the class, its minimiser has a clean risk at most 2 eps/a above the least. *)
Theorem R6_step best chosen : symmetric L C -> eta < threshold R K ->
  (forall h, H h -> `|empirical h - uniform_risk L eta h| <= eps) ->
  minimises H (risk L) best -> minimises H empirical chosen ->
  0 <= risk L chosen - risk L best <= 2%:R * eps / slope K eta.
Proof.
move=> sym below near [Hb least] [Hc least']; have a0 : 0 < slope K eta by rewrite slope_gt0.
rewrite subr_ge0 least //= ler_pdivl_mulr //.
have := near _ Hb; rewrite ler_norml => /andP[_ up].
have := near _ Hc; rewrite ler_norml => /andP[lo _].
have := least' _ Hb; move: up lo; rewrite !(R1 eta sym); move: (empirical best) (empirical chosen) => x y up lo le.
by apply: (le_from (ler_add (ler_add up lo) le)); ring.
Qed.
End Step.
