(* The losses of the catalogue that are functions of the label's probability: not symmetric, of bounded label sum. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry losses logarithm powers.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* Two outputs have different label sums. *)
Definition asymmetric (R : realFieldType) K U (L : loss R K U) :=
  exists u v, label_sum L u != label_sum L v.

Definition sum_between (R : realFieldType) K U (L : loss R K U) (low high : R) :=
  forall u, low <= label_sum L u <= high.

Section Pairs.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.
Implicit Types (phi : R -> R) (s : R).

Lemma pair_ge0 s : 0 <= s <= 1 -> all (fun x => 0 <= x) [:: s; 1 - s].
Proof. by case/andP=> s0 s1; rewrite /= s0 subr_ge0 s1. Qed.

Lemma pair_sum s : \sum_(x <- [:: s; 1 - s]) x = 1.
Proof. by rewrite !big_cons big_nil; ring. Qed.

(* s on one class and 1 - s on another. *)
Definition pair s (s01 : 0 <= s <= 1) : simplex R K :=
  @listed R K _ (pair_ge0 s01) (pair_sum s) isT.

Lemma sum_pair phi s (s01 : 0 <= s <= 1) :
  \sum_i phi (pair s01 i) = phi s + phi (1 - s) + k%:R * phi 0.
Proof.
rewrite (@sum_listed R phi [:: s; 1 - s] K isT) !big_cons big_nil /= addr0.
by rewrite !subSS subn0.
Qed.

Lemma half01 : 0 <= (2%:R^-1 : R) <= 1.
Proof. by rewrite invr_ge0 ler0n invf_le1 ?ltr0n // ler1n. Qed.

Lemma half_other : 1 - 2%:R^-1 = 2%:R^-1 :> R. Proof. by field. Qed.

Lemma pair_asymmetric phi s : 0 <= s <= 1 ->
  phi s + phi (1 - s) != 2%:R * phi 2%:R^-1 -> asymmetric (of_label phi : loss R K (simplex R K)).
Proof.
move=> s01 off; exists (pair s01), (pair half01).
rewrite /label_sum /of_label !sum_pair half_other; apply: contra off => /eqP /addIr ->.
by apply/eqP; ring.
Qed.

(* Strictly convex around 1/2, perhaps after multiplication by c: c = -1 for concave ones. *)
Lemma curved_asymmetric (D : R -> Prop) phi c s : 0 <= s <= 1 -> s != 2%:R^-1 -> D s -> D (1 - s) ->
  strictly_convex_on D (fun t => c * phi t) -> asymmetric (of_label phi : loss R K (simplex R K)).
Proof.
move=> s01 s_half Ds Ds' convex; apply: (pair_asymmetric s01).
have half : 0 < (2%:R^-1 : R) < 1 by rewrite invr_gt0 ltr0n invf_lt1 ?ltr0n // ltr1n.
have apart : s != 1 - s.
  apply: contra s_half => /eqP eq; apply/eqP.
  have -> : s = (s + s) / 2%:R by field.
  by rewrite {2}eq addrC subrK div1r.
have := convex s (1 - s) 2%:R^-1 Ds Ds' apart half.
have -> : 2%:R^-1 * s + (1 - 2%:R^-1) * (1 - s) = 2%:R^-1 by field.
apply: contraTN => /eqP eq; rewrite -leNgt.
have : 2%:R * (2%:R^-1 * (c * phi s) + (1 - 2%:R^-1) * (c * phi (1 - s))) <= 2%:R * (c * phi 2%:R^-1).
  by rewrite [X in _ <= X]mulrCA -eq half_other; apply: (le_from (lexx 0)); field.
by rewrite ler_pmul2l ?ltr0n.
Qed.

Lemma sum_between_of phi (low high : R) : (forall t, 0 <= t <= 1 -> low <= phi t <= high) ->
  sum_between (of_label phi : loss R K (simplex R K)) (K%:R * low) (K%:R * high).
Proof.
move=> range u; rewrite /label_sum /of_label.
have each i : low <= phi (u i) <= high by apply: range; rewrite weight_ge0 weight_le1.
have sums (c : R) : K%:R * c = \sum_(i < K) c by rewrite sumr_const card_ord mulr_natl.
by rewrite !sums !ler_sum // => i _; case/andP: (each i).
Qed.


Definition amse (a : R) (u : simplex R K) (y : 'I_K) : R :=
  ((a - u y) ^+ 2 + \sum_(i | i != y) u i ^+ 2) / K%:R.

Lemma label_sum_amse a u : label_sum (amse a) u = a ^+ 2 - 2%:R * a / K%:R + \sum_i u i ^+ 2.
Proof.
have K0 : K%:R != 0 :> R by rewrite pnatr_eq0.
set s := \sum_i u i ^+ 2; rewrite /label_sum /amse -mulr_suml; apply: (mulIf K0); rewrite divfK //.
have each y : (a - u y) ^+ 2 + \sum_(i | i != y) u i ^+ 2 = a ^+ 2 + s - 2%:R * a * u y.
  by rewrite /s [in RHS](bigD1 y) //=; set z := \sum_(_ | _) _; ring.
under eq_bigr => y _ do rewrite each.
have linear : \sum_y 2%:R * a * u y = 2%:R * a by rewrite -mulr_sumr weight_sum mulr1.
rewrite sumrB linear sumr_const card_ord -mulr_natl.
by field; rewrite K_neq0.
Qed.

(* claim: L.amse; every K >= 2, every a *)
(* The label sum of AMSE is a^2 - 2a/K + sum u_i^2, which is not the same at all outputs. *)
Theorem amse_not_symmetric a :
  (forall u, label_sum (amse a) u = a ^+ 2 - 2%:R * a / K%:R + \sum_i u i ^+ 2) /\ asymmetric (amse a).
Proof.
split=> [u|]; first exact: label_sum_amse.
exists (uniform R k.+1), (vertex R ord0); rewrite !label_sum_amse.
have [_] := @mse_not_symmetric R k; rewrite !label_sum_mse ltr_add2r ltr_add2r ltr_pmul2l ?ltr0n // => lt.
by rewrite (inj_eq (addrI _)) lt_eqF.
Qed.

(* claim: L.aul; every K >= 2, q = 3, every a >= 1 *)
(* AUL is not symmetric, and its label sum lies between 0 and K times its value at 0. *)
Theorem aul_not_symmetric a : 1 <= a ->
  let L : loss R K (simplex R K) := of_label (fun t => ((a - t) ^+ 3 - (a - 1) ^+ 3) / 3%:R) in
  asymmetric L /\ sum_between L 0 (K%:R * ((a ^+ 3 - (a - 1) ^+ 3) / 3%:R)).
Proof.
move=> a1 L; have three : 0 < 3%:R^-1 :> R by rewrite invr_gt0 ltr0n.
split.
  have zero01 : 0 <= (0 : R) <= 1 by rewrite lexx ler01.
  apply: (pair_asymmetric zero01); rewrite -subr_eq0.
  rewrite [X in X == 0](_ : _ = (a - 2%:R^-1) / 2%:R); last by field.
  rewrite mulf_neq0 ?invr_eq0 ?pnatr_eq0 // subr_eq0 gt_eqF //; apply: lt_le_trans a1.
  by rewrite invf_lt1 ?ltr0n // ltr1n.
rewrite -(mulr0 K%:R); apply: sum_between_of => t /andP[t0 t1].
have b0 : 0 <= a - 1 by rewrite subr_ge0.
have bt : a - 1 <= a - t by rewrite ler_add2l ler_opp2.
have ta : a - t <= a by rewrite ger_addl oppr_le0.
have cube (x y : R) : 0 <= x -> x <= y -> x ^+ 3 <= y ^+ 3.
  by move=> x0 xy; rewrite ler_expn2r // nnegrE // (le_trans x0).
rewrite mulr_ge0 ?(ltW three) ?subr_ge0 ?cube //= ler_pmul2r // ler_add2r cube //.
exact: le_trans b0 bt.
Qed.

(* claim: L.taylor-ce; every K >= 2, n = 2 *)
(* Taylor-CE is not symmetric, and its label sum lies between 0 and 3 K/2. *)
Theorem taylor_not_symmetric :
  let L : loss R K (simplex R K) := of_label (fun t => \sum_(1 <= m < 3) (1 - t) ^+ m / m%:R) in
  asymmetric L /\ sum_between L 0 (K%:R * (3%:R / 2%:R)).
Proof.
have sumE (t : R) : \sum_(1 <= m < 3) (1 - t) ^+ m / m%:R = (1 - t) + (1 - t) ^+ 2 / 2%:R.
  by rewrite big_nat_recr //= big_nat1 expr1 divr1.
split.
  have zero01 : 0 <= (0 : R) <= 1 by rewrite lexx ler01.
  apply: (pair_asymmetric zero01); rewrite -subr_eq0 !sumE.
  rewrite (_ : _ - _ = 4%:R^-1); last by field.
  by rewrite invr_eq0 pnatr_eq0.
rewrite -[X in sum_between _ X](mulr0 K%:R); apply: sum_between_of => t /andP[t0 t1]; rewrite sumE.
have u0 : 0 <= 1 - t by rewrite subr_ge0.
have u1 : 1 - t <= 1 by rewrite ger_addl oppr_le0.
rewrite addr_ge0 ?divr_ge0 ?exprn_ge0 ?ler0n //=.
have sq : (1 - t) ^+ 2 / 2%:R <= 1 / 2%:R by rewrite ler_pmul2r ?invr_gt0 ?ltr0n // expr_le1.
by apply: (le_from (ler_add u1 sq)); field.
Qed.

(* claim: L.nrce.constant; every K >= 2, every A but 0 *)
(* A normalised RCE is (1 - u_y)/(K-1); with the factor (K-1)/4 instead its label sum is A (K-1)^2/4. *)
Theorem nrce_constant (A : R) : A != 0 ->
  (forall (u : simplex R K) y, normalised (rce A) u y = (1 - u y) / (K%:R - 1)) /\
  symmetric (fun (u : simplex R K) y => (K%:R - 1) / 4%:R * rce A u y) (A * (K%:R - 1) ^+ 2 / 4%:R).
Proof.
move=> A0; split=> u => [y|].
  rewrite /normalised (rce_symmetric A u) /rce; field.
  by rewrite K1_neq0 A0.
have sumE : \sum_y rce A u y = A * (K%:R - 1) := rce_symmetric A u.
by rewrite /label_sum -mulr_sumr sumE; field.
Qed.
End Pairs.

Section Reals.
Variables (R : realType) (k : nat).
Local Notation K := k.+2.
Local Notation loss := (loss R K (simplex R K)).
Implicit Types (t q a : R).

Lemma zero01 : 0 <= (0 : R) <= 1. Proof. by rewrite lexx ler01. Qed.

Lemma zero_half : (0 : R) != 2%:R^-1. Proof. by rewrite eq_sym invr_eq0 pnatr_eq0. Qed.

Definition gce q t := (1 - pow q t) / q.

(* claim: L.gce; every K >= 2, every q between 0 and 1 *)
(* GCE is not symmetric, and its label sum lies between 0 and K/q. *)
Theorem gce_not_symmetric q : 0 < q < 1 ->
  asymmetric (of_label (gce q) : loss) /\ sum_between (of_label (gce q) : loss) 0 (K%:R / q).
Proof.
move=> q01; case/andP: (q01) => q0 q1; split.
  apply: (@curved_asymmetric R k (fun t => 0 <= t) _ q 0 zero01 zero_half) => //; rewrite ?subr0 ?ler01 //.
  move=> a b t a0 b0 ab t01; have := pow_strictly_concave q01 a0 b0 ab t01.
  rewrite /gce; move: (pow q a) (pow q b) (pow q _) => A B C lt; apply: (lt_from lt).
  by field; rewrite gt_eqF.
rewrite -[X in sum_between _ X](mulr0 K%:R); apply: sum_between_of => t t01.
rewrite /gce divr_ge0 ?(ltW q0) ?subr_ge0 ?pow_le1 //=.
by rewrite -[leRHS]mul1r ler_pmul2r ?invr_gt0 // ger_addl oppr_le0 pow_ge0.
Qed.

(* claim: L.agce; every K >= 2, every q between 0 and 1, every a > 0 *)
(* AGCE is not symmetric, and its label sum lies between 0 and K times its value at 0. *)
Theorem agce_not_symmetric q a : 0 < q < 1 -> 0 < a ->
  let L : loss := of_label (fun t => (pow q (a + 1) - pow q (a + t)) / q) in
  asymmetric L /\ sum_between L 0 (K%:R * ((pow q (a + 1) - pow q a) / q)).
Proof.
move=> q01 a0 L; case/andP: (q01) => q0 q1; split.
  apply: (@curved_asymmetric R k (fun t => 0 <= t) _ q 0 zero01 zero_half) => //; rewrite ?subr0 ?ler01 //.
  move=> x y t x0 y0 xy t01.
  have ax : 0 <= a + x by rewrite addr_ge0 // ltW.
  have ay : 0 <= a + y by rewrite addr_ge0 // ltW.
  have axy : a + x != a + y by rewrite (inj_eq (addrI a)).
  have := pow_strictly_concave q01 ax ay axy t01.
  have -> : t * (a + x) + (1 - t) * (a + y) = a + (t * x + (1 - t) * y) by ring.
  move: (pow q (a + x)) (pow q (a + y)) (pow q (a + 1)) (pow q _) => A B D C lt; apply: (lt_from lt).
  by field; rewrite gt_eqF.
rewrite -[X in sum_between _ X](mulr0 K%:R); apply: sum_between_of => t /andP[t0 t1].
have at0 : 0 <= a + t by rewrite addr_ge0 // ltW.
rewrite divr_ge0 ?(ltW q0) ?subr_ge0 ?pow_le ?ler_add2l //=.
by rewrite ler_pmul2r ?invr_gt0 // ler_add2l ler_opp2 pow_le ?(ltW a0) // ler_addl.
Qed.

(* claim: L.ael; every K >= 2, every a > 0 *)
(* AEL is not symmetric, nowhere 0, and its label sum lies between 0 and K. *)
Theorem ael_not_symmetric a : 0 < a -> let L : loss := of_label (fun t => expR (- (t / a))) in
  [/\ asymmetric L, sum_between L 0 K%:R & forall u y, 0 < L u y].
Proof.
move=> a0 L; split=> [||u y]; last exact: expR_gt0.
  apply: (@pair_asymmetric R k _ 0 zero01); pose x := expR (- (2%:R^-1 / a)).
  have -> : expR (- (0 / a)) = 1 by rewrite mul0r oppr0 expR0.
  have -> : expR (- ((1 - 0) / a)) = x ^+ 2.
    by rewrite -expRMm; congr expR; field; rewrite gt_eqF.
  rewrite -/x -subr_eq0 (_ : _ - _ = (1 - x) ^+ 2); last by ring.
  rewrite sqrf_eq0 subr_eq0 gt_eqF // /x expR_lt1 oppr_lt0 divr_gt0 // invr_gt0 ltr0n //.
rewrite -[X in sum_between _ X](mulr0 K%:R) -[X in sum_between _ _ X](mulr1 K%:R).
apply: sum_between_of => t /andP[t0 t1]; rewrite (ltW (expR_gt0 _)) /= -(expR0 R) ler_expR oppr_le0.
by rewrite divr_ge0 // ltW.
Qed.

Lemma ln_ge_neg t : 0 < t -> t <= 1 -> 0 <= - ln t.
Proof. by move=> t0 t1; rewrite oppr_ge0 -(ln1 R) ler_ln ?posrE ?ltr01. Qed.

Lemma ln_gt_neg t : 0 < t -> t < 1 -> 0 < - ln t.
Proof. by move=> t0 t1; rewrite oppr_gt0 -(ln1 R) ltr_ln ?posrE ?ltr01. Qed.

(* claim: L.sce; every K >= 2, alpha > 0, every beta and A *)
(* SCE has two outputs without a 0 whose label sums differ. *)
Theorem sce_not_symmetric (alpha beta A : R) : 0 < alpha ->
  let L : loss := of_label (fun t => - (alpha * ln t) + beta * (A * (1 - t))) in
  exists u v, [/\ interior u, interior v & label_sum L u < label_sum L v].
Proof.
move=> alpha0 L; apply: convex_not_symmetric => a b t /andP[a0 _] /andP[b0 _] ab t01.
have := ln_strictly_concave a0 b0 ab t01; rewrite -(ltr_pmul2l alpha0).
move: (ln a) (ln b) (ln _) => x y z lt; apply: (lt_from lt); ring.
Qed.

(* The product of two functions that are positive and fall, and of which one is strictly convex. *)
Lemma product_convex (f g : R -> R) (D : R -> Prop) :
  (forall t, D t -> 0 < f t) -> (forall t, D t -> 0 <= g t) ->
  (forall s t, D s -> D t -> s <= t -> f t <= f s) -> (forall s t, D s -> D t -> s <= t -> g t <= g s) ->
  convex_on D f -> strictly_convex_on D g -> strictly_convex_on D (fun t => f t * g t).
Proof.
move=> f0 g0 f_falls g_falls f_convex g_convex a b t Da Db ab t01.
have tw : 0 <= t <= 1 by case/andP: t01 => *; rewrite !ltW.
have [Dm fm] := f_convex a b t Da Db tw; have gm := g_convex a b t Da Db ab t01.
case/andP: t01 => t0 t1; have u0 : 0 < 1 - t by rewrite subr_gt0.
set m := _ + _ in Dm fm gm *.
have lower : f m * g m < f m * (t * g a + (1 - t) * g b) by rewrite ltr_pmul2l // f0.
have mean0 : 0 <= t * g a + (1 - t) * g b by rewrite addr_ge0 ?mulr_ge0 ?g0 ?(ltW t0) ?(ltW u0).
have upper : f m * (t * g a + (1 - t) * g b) <= (t * f a + (1 - t) * f b) * (t * g a + (1 - t) * g b).
  by rewrite ler_wpmul2r.
have both : 0 <= (f a - f b) * (g a - g b).
  case/orP: (le_total a b) => le.
    by rewrite mulr_ge0 ?subr_ge0 ?f_falls ?g_falls.
  by rewrite mulr_le0 ?subr_le0 ?f_falls ?g_falls.
have := mulr_ge0 (mulr_ge0 (ltW t0) (ltW u0)) both.
move: (f a) (f b) (g a) (g b) lower upper => x y z w lower upper gap.
apply: lt_le_trans lower _; apply: le_trans upper _.
by apply: (le_from gap); ring.
Qed.

Lemma square_convex : convex_on (fun t => 0 < t < 1) (fun t : R => (1 - t) ^+ 2).
Proof.
move=> a b t /andP[a0 a1] /andP[b0 b1] /andP[t0 t1]; have u0 : 0 <= 1 - t by rewrite subr_ge0.
split; last by have := mulr_ge0 (mulr_ge0 t0 u0) (sqr_ge0 (a - b)) => gap; apply: (le_from gap); ring.
have [<-|t_0] := eqVneq 0 t; first by rewrite mul0r add0r subr0 mul1r b0.
have t_pos : 0 < t by rewrite lt_neqAle t_0.
rewrite ltr_paddr ?mulr_ge0 ?(ltW b0) ?mulr_gt0 //=.
have lt : t * a < t by rewrite gtr_pmulr.
have le : (1 - t) * b <= 1 - t by rewrite -[leRHS]mulr1 ler_wpmul2l // ltW.
by apply: (lt_from (ltr_le_add lt le)); ring.
Qed.

(* claim: L.focal; every K >= 2, gamma = 2 *)
(* The focal loss has two outputs without a 0 whose label sums differ. *)
Theorem focal_not_symmetric : let L : loss := of_label (fun t => (1 - t) ^+ 2 * - ln t) in
  exists u v, [/\ interior u, interior v & label_sum L u < label_sum L v].
Proof.
move=> L; apply: convex_not_symmetric; apply: product_convex => [t|t|s t|s t||].
- by case/andP=> _ t1; rewrite exprn_gt0 // subr_gt0.
- by case/andP=> t0 t1; rewrite ln_ge_neg // ltW.
- move=> /andP[_ s1] /andP[_ t1] st; rewrite ler_expn2r ?nnegrE ?subr_ge0 ?(ltW s1) ?(ltW t1) //.
  by rewrite ler_add2l ler_opp2.
- by move=> /andP[s0 _] /andP[t0 _] st; rewrite ler_opp2 ler_ln ?posrE.
- exact: square_convex.
by move=> a b t /andP[a0 _] /andP[b0 _]; apply: ln_strictly_concave.
Qed.

(* A loss that a constant takes the place of below c, c <= 1/4, strictly convex above. *)
Lemma clipped_asymmetric (phi psi : R -> R) c : 0 < c <= 4%:R^-1 ->
  (forall t, c <= t -> phi t = psi t) -> strictly_convex_on (fun t => 0 < t) psi ->
  asymmetric (of_label phi : loss).
Proof.
move=> /andP[c0 c4] same convex.
have four : 0 < 4%:R^-1 :> R by rewrite invr_gt0 ltr0n.
have quarter01 : 0 <= (4%:R^-1 : R) <= 1 by rewrite (ltW four) invf_le1 ?ltr0n // ler1n.
have apart : (4%:R^-1 : R) != 2%:R^-1.
  by rewrite -subr_eq0 (_ : _ - _ = - 4%:R^-1) ?oppr_eq0 ?gt_eqF //; field.
have rest : 1 - 4%:R^-1 = 4%:R^-1 + 2%:R^-1 :> R by field.
have two0 : 0 < 2%:R^-1 :> R by rewrite invr_gt0 ltr0n.
have c' : c <= 1 - 4%:R^-1 by rewrite rest (le_trans c4) // ler_addl ltW.
apply: (@curved_asymmetric R k (fun t => c <= t) _ 1 4%:R^-1 quarter01 apart) => // a b t ca cb ab t01.
have cm : c <= t * a + (1 - t) * b.
  case/andP: t01 => t0 t1; have u0 : 0 <= 1 - t by rewrite subr_ge0 ltW.
  by apply: (le_from (ler_add (ler_wpmul2l (ltW t0) ca) (ler_wpmul2l u0 cb))); ring.
rewrite !mul1r !same //; apply: convex => //; exact: lt_le_trans c0 _.
Qed.

(* claim: L.phuber-ce; every K >= 2, every tau >= 4 *)
(* PHuber-CE is not symmetric, and its label sum lies between 0 and K (log tau + 1). *)
Theorem phuber_ce_not_symmetric (tau : R) : 4%:R <= tau ->
  let L : loss := of_label (fun t => - ln (Num.max t tau^-1) + Num.max (1 - tau * t) 0) in
  asymmetric L /\ sum_between L 0 (K%:R * (ln tau + 1)).
Proof.
move=> tau4 L; have tau0 : 0 < tau by apply: lt_le_trans tau4; rewrite ltr0n.
have c0 : 0 < tau^-1 by rewrite invr_gt0.
have c1 : tau^-1 <= 1 by rewrite invf_le1 // (le_trans _ tau4) // ler1n.
split.
  apply: (@clipped_asymmetric _ (fun t => - ln t) tau^-1) => [|t ct|a b t]; last exact: ln_strictly_concave.
    by rewrite c0 /= lef_pinv ?posrE ?ltr0n.
  rewrite (max_idPl ct) (max_idPr _) ?addr0 // subr_le0 -(mulfV (lt0r_neq0 tau0)).
  by rewrite ler_pmul2l.
rewrite -[X in sum_between _ X](mulr0 K%:R); apply: sum_between_of => t /andP[t0 t1].
have m0 : 0 < Num.max t tau^-1 by rewrite lt_maxr c0 orbT.
have m1 : Num.max t tau^-1 <= 1 by rewrite le_maxl t1 c1.
rewrite addr_ge0 ?ln_ge_neg ?le_maxr ?lexx ?orbT //= ler_add //.
  by rewrite -[ln tau]opprK ler_opp2 -lnV ?posrE // ler_ln ?posrE // le_maxr lexx orbT.
by rewrite le_maxl ler01 andbT ger_addl oppr_le0 mulr_ge0 // ltW.
Qed.

(* claim: L.phuber-gce; every K >= 2, q between 0 and 1, tau >= 4 *)
(* PHuber-GCE is not symmetric, and its label sum lies between 0 and K (1/q + tau c). *)
Theorem phuber_gce_not_symmetric (q tau : R) : 0 < q < 1 -> 4%:R <= tau ->
  let c := pow (- (1 - q)^-1) tau in
  let L : loss := of_label (fun t => gce q (Num.max t c) + tau * Num.max (c - t) 0) in
  asymmetric L /\ sum_between L 0 (K%:R * (q^-1 + tau * c)).
Proof.
move=> q01 tau4 c L; case/andP: (q01) => q0 q1.
have tau0 : 0 < tau by apply: lt_le_trans tau4; rewrite ltr0n.
have c0 : 0 < c by exact: pow_gt0.
have p0 : 0 < 1 - q by rewrite subr_gt0.
have ln0 : 0 <= ln tau by rewrite ln_ge0 // (le_trans _ tau4) // ler1n.
have c_small : c <= tau^-1.
  rewrite /c pow_gt0E // -[X in _ <= X^-1](@lnK _ tau) ?posrE // -expRN ler_expR mulNr ler_opp2.
  by rewrite ler_pemull // invf_ge1 // ler_subl_addr ler_addl ltW.
have c4 : c <= 4%:R^-1 by apply: le_trans c_small _; rewrite lef_pinv ?posrE ?ltr0n.
have c1 : c <= 1 by apply: le_trans c4 _; rewrite invf_le1 ?ltr0n // ler1n.
split.
  apply: (@clipped_asymmetric _ (gce q) c) => [|t ct|a b t a0 b0 ab t01]; first by rewrite c0.
    by rewrite (max_idPl ct) (max_idPr _) ?mulr0 ?addr0 // subr_le0.
  have := pow_strictly_concave q01 (ltW a0) (ltW b0) ab t01; rewrite -(ltr_pmul2l (x := q^-1)) ?invr_gt0 //.
  by rewrite /gce; move: (pow q a) (pow q b) (pow q _) => A B C lt; apply: (lt_from lt); ring.
rewrite -[X in sum_between _ X](mulr0 K%:R); apply: sum_between_of => t /andP[t0 t1].
have m01 : 0 <= Num.max t c <= 1 by rewrite le_maxr t0 /= le_maxl t1 c1.
have part : 0 <= tau * Num.max (c - t) 0 <= tau * c.
  rewrite mulr_ge0 ?(ltW tau0) ?le_maxr ?lexx ?orbT //= ler_pmul2l // le_maxl (ltW c0) andbT.
  by rewrite ger_addl oppr_le0.
case/andP: part => part0 part1.
rewrite addr_ge0 ?divr_ge0 ?(ltW q0) ?subr_ge0 ?pow_le1 //= ler_add //.
by rewrite -[leRHS]mul1r ler_pmul2r ?invr_gt0 // ger_addl oppr_le0 pow_ge0.
Qed.

(* claim: L.truncated-gce; every K >= 2, k = 1/2, every q between 0 and 1 *)
(* Truncated GCE is not symmetric; S is largest where no u_i exceeds 1/2 and smallest at the vertices. *)
Theorem truncated_gce_not_symmetric q : 0 < q < 1 ->
  let L : loss := of_label (fun t => gce q (Num.max t 2%:R^-1)) in
  [/\ asymmetric L,
      forall u v : simplex R K, (forall i, u i <= 2%:R^-1) -> label_sum L v <= label_sum L u
    & forall (u : simplex R K) y, label_sum L (vertex R y) <= label_sum L u].
Proof.
move=> q01 L; case/andP: (q01) => q0 q1.
have h01 := half01 R; case/andP: (h01) => h0 h1.
pose phi t := gce q (Num.max t 2%:R^-1).
have falls s t : 0 <= s -> s <= t -> gce q t <= gce q s.
  move=> s0 st; rewrite ler_pmul2r ?invr_gt0 // ler_add2l ler_opp2 pow_le //.
have low t : t <= 2%:R^-1 -> phi t = phi 0 by move=> th; rewrite /phi (max_idPr th) (max_idPr h0).
have top t : phi t <= phi 0 by rewrite /phi (max_idPr h0) falls // le_maxr lexx orbT.
have gap : phi 1 < phi 0.
  rewrite /phi (max_idPl h1) (max_idPr h0) ltr_pmul2r ?invr_gt0 // ltr_add2l ltr_opp2.
  by rewrite pow_lt // invf_lt1 ?ltr0n // ltr1n.
have bottom t : t <= 1 -> phi 1 <= phi t.
  by move=> t1; rewrite /phi (max_idPl h1) falls ?le_maxl ?t1 ?h1 // le_maxr h0 orbT.
have sums (u : simplex R K) : label_sum L u = \sum_i phi (u i) by [].
have at_vertex y : label_sum L (vertex R y) = phi 1 + (K%:R - 1) * phi 0.
  rewrite sums (bigD1 y) //= eqxx; under eq_bigr => i /negbTE -> do [].
  by rewrite sum_others.
split.
- exists (vertex R ord0), (pair k h01); rewrite at_vertex sums sum_pair half_other (low _ (lexx _)) lt_eqF //.
  have -> : phi 0 + phi 0 + k%:R * phi 0 = phi 0 + (K%:R - 1) * phi 0.
    by rewrite -[X in X%:R - 1]/(2 + k)%N natrD; set z := phi 0; ring.
  by rewrite ltr_add2r.
- move=> u v small; rewrite !sums; apply: ler_sum => i _; rewrite (low (u i)) //; exact: top.
move=> u y; rewrite at_vertex sums.
have [m large | none] := pickP (fun m => 2%:R^-1 < u m).
  rewrite (bigD1 m) //= ler_add ?bottom ?weight_le1 //.
  rewrite -(sum_others m (phi 0)); apply: ler_sum => i im; rewrite low //.
  have := weight_sum u; rewrite (bigD1 m) //= (bigD1 i) //=; set z := \sum_(_ | _) _ => total.
  have z0 : 0 <= z by rewrite sumr_ge0 // => j _; apply: weight_ge0.
  have -> : u i = 1 - u m - z by rewrite -total; ring.
  by rewrite -[leRHS]half_other; apply: (le_from (ler_add (ltW large) z0)); field.
have all_small i : u i <= 2%:R^-1 by rewrite leNgt none.
under [leRHS]eq_bigr => i _ do rewrite low ?all_small //.
rewrite sumr_const card_ord -[leRHS]mulr_natl.
have := ltW gap; rewrite -(ler_add2r ((K%:R - 1) * phi 0)) => le; apply: le_trans le _.
by rewrite -[X in X + _]mul1r -mulrDl [1 + _]addrC subrK.
Qed.
End Reals.
