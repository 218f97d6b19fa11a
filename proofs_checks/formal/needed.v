(* R4's condition is needed; and MSE as the loss whose order noise reverses. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry risk converse losses minimisers.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section R4Converse.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Local Notation c C := (C / (K%:R - 1)).

(* A row of noise: the label y a little likelier than the others, and spared never drawn. *)
Definition sparing (t d : R) (y spared : 'I_K) (j : 'I_K) : R :=
  if j == y then t + d else if j == spared then 0 else t.

Lemma sum_sparing t d y j0 (F : 'I_K -> R) : j0 != y ->
  \sum_j sparing t d y j0 j * F j = t * (\sum_j F j) + d * F y - t * F j0.
Proof.
move=> apart; rewrite -[in d * _](point_mean (y : ordinal_finType K) F).
rewrite -[in X in _ - X](point_mean (j0 : ordinal_finType K) F) !mulr_sumr -big_split -sumrB /=.
apply: eq_bigr => j _; rewrite /sparing; have [-> | jy] := eqVneq j y.
  by rewrite [y == j0]eq_sym (negbTE apart) mulr1n mulr0n; ring.
by case: eqP => _; rewrite mulr0n ?mulr1n; ring.
Qed.

(* claim: R4.converse; every K >= 2, any set of outputs, e in place of the vertex of y *)
(* Where L exceeds C/(K-1) at a wrong label j0, there is noise that draws no j0, with the true label likeliest, under which that output beats the vertex. *)
Theorem R4_converse (L : loss R K U) (C : R) (u e : U) (y j0 : 'I_K) :
  symmetric L C -> L e y = 0 -> (forall j, j != y -> L e j = c C) ->
  j0 != y -> 0 <= L u y -> c C < L u j0 ->
  exists t d, [/\ 0 < t, 0 < d, \sum_j sparing t d y j0 j = 1
    & conditional L (sparing t d y j0) u < conditional L (sparing t d y j0) e].
Proof.
move=> sym ey ej apart uy; rewrite -subr_gt0; set g := L u j0 - _ => g0.
have K1 : 0 < K%:R - 1 :> R by rewrite subr_gt0 K_gt1.
pose x := L u y * (K%:R - 1) + g; pose room := 2%:R * x.
have x0 : 0 < x by rewrite ltr_paddl // mulr_ge0 // ltW.
have room0 : 0 < room by rewrite mulr_gt0 ?ltr0n.
pose d := g / room; pose t := (1 - d) / (K%:R - 1).
have d0 : 0 < d by rewrite divr_gt0.
have d1 : d < 1.
  rewrite ltr_pdivr_mulr // mul1r.
  have more : 0 < 2%:R * (L u y * (K%:R - 1)) + g.
    by rewrite ltr_paddl // !mulr_ge0 ?ler0n // ltW.
  by apply: (lt_from more); rewrite /room /x; ring.
have t0 : 0 < t by rewrite divr_gt0 // subr_gt0.
exists t, d; split=> //.
  have := sum_sparing t d (fun=> 1) apart; under eq_bigr => j _ do rewrite mulr1.
  by move=> ->; rewrite sumr_const card_ord /t; field; apply: K1_neq0.
have total v : \sum_j L v j = C := sym v.
rewrite /conditional !sum_sparing // !total ey (ej _ apart).
have gap : 0 < t * g - d * L u y.
  have half : d * x = g / 2%:R by rewrite /d /room; field; rewrite gt_eqF.
  have -> : t * g - d * L u y = (g - d * x) / (K%:R - 1).
    by rewrite /t /x; field; apply: K1_neq0.
  have -> : g - d * x = g / 2%:R by rewrite half; field.
  by rewrite !divr_gt0 // ltr0n.
by apply: (lt_from gap); rewrite /g; ring.
Qed.
End R4Converse.

(* claim: M2; every K >= 2, every rate between 0 and the threshold, finite input distributions *)
(* Under MSE noise reverses the order of two risks, at every rate between 0 and the threshold. *)
Theorem mse_reversal (R : realFieldType) (k : nat) (eta : R) : 0 < eta < threshold R k.+2 ->
  exists (P : problem R k.+2) (h1 h2 : input P -> simplex R k.+2),
    risk (@mse R k.+2) h1 < risk (@mse R k.+2) h2 /\
    uniform_risk (@mse R k.+2) eta h2 < uniform_risk (@mse R k.+2) eta h1.
Proof.
case/andP=> eta0 below; have K0 : 0 < k.+2%:R :> R by rewrite ltr0n.
have even (y : 'I_k.+2) : mse (uniform R k.+1) y = 1 - k.+2%:R^-1.
  by rewrite mseE /= sumr_const card_ord -[(_ ^+ 2) *+ _]mulr_natl; field; rewrite K_neq0.
have certain (y : 'I_k.+2) : mse (vertex R ord0) y = 2%:R - 2%:R * (y == ord0)%:R.
  rewrite mseE /= (bigD1 ord0) //= big1 => [|i /negbTE ->]; last by rewrite expr0n.
  by rewrite mulr1n expr1n addr0; case: eqP => _; rewrite ?mulr1n ?mulr0n; ring.
have inv1 : 0 < k.+2%:R^-1 :> R by rewrite invr_gt0.
apply: (@R2_witness _ _ _ _ _ (vertex R ord0) (uniform R k.+1) ord0 (lift ord0 ord0)) => //.
- rewrite even certain eqxx mulr1 subrr subr_gt0 invf_lt1 //; exact: K_gt1.
- rewrite even certain /= mulr0 subr0; apply: (lt_from (ltr_add ltr01 inv1)); ring.
exact: (mse_not_symmetric R k).2.
Qed.
