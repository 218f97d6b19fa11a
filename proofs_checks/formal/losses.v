(* The losses: which of them are symmetric, with which constant, and how large they can be. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.
Variables (R : realFieldType) (K : nat).
Local Notation simplex := (simplex R K).
Implicit Types u : simplex.

Definition mae u (y : 'I_K) : R := \sum_i `|u i - (i == y)%:R|.

Definition mse u (y : 'I_K) : R := \sum_i (u i - (i == y)%:R) ^+ 2.

Definition nmse : loss R K simplex := normalised mse.

Definition unhinged u (y : 'I_K) : R := 1 - u y.

Definition rce (A : R) u (y : 'I_K) : R := A * (1 - u y).

(* A guess may be drawn at random, where outputs tie: q u y is the probability of guessing y. *)
Definition zero_one (q : simplex -> simplex) u (y : 'I_K) : R := 1 - q u y.

(* The robust log loss has phi t = log (alpha + t). *)
Definition rll (phi : R -> R) : loss R K simplex :=
  separable (fun t => phi 1 - phi 0 - phi t) (fun t => phi t / (K%:R - 1)).

(* Cross-entropy has phi t = - log t, GCE (1 - t^q)/q, focal loss - (1 - t)^gamma log t. *)
Definition of_label (phi : R -> R) u (y : 'I_K) : R := phi (u y).
End Definitions.

Section Symmetric.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.
Implicit Types u : simplex R K.

Lemma maeE u y : mae u y = 2%:R * (1 - u y).
Proof.
rewrite /mae (bigD1 y) //= eqxx ler0_norm ?subr_le0 ?weight_le1 // opprB.
have others : \sum_(i | i != y) u i = 1 - u y.
  by apply/eqP; rewrite eq_sym subr_eq -(weight_sum u) (bigD1 y) //= addrC.
rewrite (eq_bigr u) => [|i /negbTE ->]; last by rewrite subr0 ger0_norm ?weight_ge0.
by rewrite others mulr1n; ring.
Qed.

Lemma mseE u y : mse u y = 1 - 2%:R * u y + \sum_i u i ^+ 2.
Proof.
rewrite /mse (bigD1 y) //= [in RHS](bigD1 y) //= eqxx.
under eq_bigr => i /negbTE -> do rewrite subr0.
by rewrite addrA mulr1n; congr (_ + _); ring.
Qed.

Lemma label_sum_mse u : label_sum (@mse R K) u = K%:R * (\sum_i u i ^+ 2) + K%:R - 2%:R.
Proof.
rewrite /label_sum; under eq_bigr => y _ do rewrite mseE.
rewrite big_split /= sumrB -mulr_sumr weight_sum !sumr_const card_ord -[_ *+ K in X in _ + X]mulr_natl.
by ring.
Qed.

Lemma squares_gt0 u : 0 < \sum_i u i ^+ 2.
Proof.
rewrite lt_neqAle sumr_ge0 ?andbT => [|i _]; last exact: sqr_ge0.
apply/eqP=> /esym zero; have := weight_sum u; rewrite big1 => [/esym/eqP|i _]; first by rewrite oner_eq0.
by have /eqP := psumr_eq0P (fun i _ => sqr_ge0 (u i)) zero (i := i) isT; rewrite sqrf_eq0 => /eqP.
Qed.

Lemma label_sum_mse_gt0 u : 0 < label_sum (@mse R K) u.
Proof.
rewrite label_sum_mse -addrA ltr_paddr ?mulr_gt0 ?squares_gt0 ?ltr0n //.
by rewrite subr_ge0 ler_nat.
Qed.

Lemma linear_symmetric (A : R) (q : simplex R K -> simplex R K) :
  symmetric (fun u y => A * (1 - q u y)) (A * (K%:R - 1)).
Proof.
by move=> u; rewrite /label_sum -mulr_sumr sumrB weight_sum sumr_const card_ord.
Qed.

(* claim: L.mae; every K >= 2 *)
(* MAE is symmetric with C = 2 (K-1). *)
Theorem mae_symmetric : symmetric (@mae R K) (2%:R * (K%:R - 1)).
Proof.
by move=> u; rewrite -(linear_symmetric 2%:R id u); apply: eq_bigr => y _; rewrite maeE.
Qed.

(* claim: L.unhinged; every K >= 2 *)
(* The unhinged loss is symmetric with C = K-1. *)
Theorem unhinged_symmetric : symmetric (@unhinged R K) (K%:R - 1).
Proof.
move=> u; rewrite -[RHS]mul1r -(linear_symmetric 1 id u).
by apply: eq_bigr => y _; rewrite mul1r.
Qed.

(* claim: L.rce; every K >= 2, every A *)
(* RCE is symmetric with C = A (K-1). *)
Theorem rce_symmetric (A : R) : symmetric (@rce R K A) (A * (K%:R - 1)).
Proof. exact: linear_symmetric id. Qed.

(* claim: L.zero-one; every K >= 2, every way to guess, at random or not *)
(* The 0-1 loss is symmetric with C = K-1, however ties are broken. *)
Theorem zero_one_symmetric (q : simplex R K -> simplex R K) : symmetric (zero_one q) (K%:R - 1).
Proof.
move=> u; rewrite -[RHS]mul1r -(linear_symmetric 1 q u).
by apply: eq_bigr => y _; rewrite mul1r.
Qed.

(* claim: L.rll; every K >= 2, any function phi in place of log(alpha + t) *)
(* RLL, whatever phi stands for log(alpha + t), is symmetric with C = K (phi(1) - phi(0)). *)
Theorem rll_symmetric (phi : R -> R) : symmetric (@rll R K phi) (K%:R * (phi 1 - phi 0)).
Proof.
move=> u; rewrite separable_sum.
under eq_bigr => i _.
  have -> : generator K (fun t => phi 1 - phi 0 - phi t) (fun t => phi t / (K%:R - 1)) (u i) = phi 1 - phi 0.
    by rewrite /generator; field; apply: K1_neq0.
  over.
by rewrite sumr_const card_ord mulr_natl.
Qed.

(* claim: L.nmse; every K >= 2 *)
(* NMSE is symmetric with C = 1. *)
Theorem nmse_symmetric : symmetric (@nmse R K) 1.
Proof. by apply: S3 => u; rewrite gt_eqF ?label_sum_mse_gt0. Qed.
End Symmetric.

Section NotSymmetric.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.

(* claim: L.mse; every K >= 2 *)
(* The label sum of MSE is K sum u_i^2 + K - 2, smaller at the uniform output than at a vertex. *)
Theorem mse_not_symmetric :
  (forall u, label_sum (@mse R K) u = K%:R * (\sum_i u i ^+ 2) + K%:R - 2%:R) /\
  label_sum (@mse R K) (uniform R k.+1) < label_sum (@mse R K) (vertex R ord0).
Proof.
split=> [u|]; rewrite !label_sum_mse //= ltr_add2r ltr_add2r ltr_pmul2l ?ltr0n //.
rewrite sumr_const card_ord (bigD1 ord0) //= big1 => [|i /negbTE ->]; last by rewrite expr0n.
rewrite mulr1n expr1n addr0 -[_ *+ K]mulr_natl expr2 mulrA divff ?pnatr_eq0 // mul1r.
by rewrite invf_lt1 ?ltr0n // ltr1n.
Qed.

(* Weights a, b on the first two classes, and the even share on each other one. *)
Definition spread (a b : R) : 'I_K -> R :=
  fun i => if val i is n.+1 then (if n is _.+1 then K%:R^-1 else b) else a.

Lemma sum_spread (F : R -> R) a b :
  \sum_i F (spread a b i) = F a + (F b + k%:R * F K%:R^-1).
Proof.
rewrite !big_ord_recl; congr (_ + (_ + _)).
under eq_bigr => i _ do rewrite (_ : spread a b (lift ord0 (lift ord0 i)) = K%:R^-1) //.
by rewrite sumr_const card_ord mulr_natl.
Qed.

(* Even and uneven outputs, without a 0, whose label sums differ. *)
(* part of: L.gce, L.focal, L.sce; every K >= 2, any function of u_y that is strictly convex on (0, 1) *)
(* L = phi(u_y), phi strictly convex on (0, 1), has two outputs without a 0 whose label sums differ. *)
Theorem convex_not_symmetric (phi : R -> R) :
  strictly_convex_on (fun t => 0 < t < 1) phi -> exists u v : simplex R K,
    [/\ interior u, interior v & label_sum (of_label phi) u < label_sum (of_label phi) v].
Proof.
move=> convex; have K0 : 0 < K%:R :> R by rewrite ltr0n.
have K2 : K%:R != 0 :> R by rewrite gt_eqF.
pose a : R := (2%:R * K%:R)^-1; pose b := 3%:R * a.
have a0 : 0 < a by rewrite invr_gt0 mulr_gt0 ?ltr0n.
have b0 : 0 < b by rewrite mulr_gt0 ?ltr0n.
have spread_gt0 (i : ordinal_finType K) : 0 < spread a b i.
  by case: i => [[|[|n]] lt]; rewrite /spread //= invr_gt0.
have total : \sum_(i : ordinal_finType K) spread a b i = 1.
  by rewrite (sum_spread id) /b /a; field; rewrite K_neq0.
pose v : simplex R K := Dist (fun i => ltW (spread_gt0 i)) total.
exists (uniform R k.+1), v; split=> [i|i|]; rewrite ?invr_gt0 //=.
rewrite /label_sum /of_label sum_spread /= sumr_const card_ord -[_ *+ K]mulr_natl.
have -> : K%:R * phi K%:R^-1 = 2%:R * phi K%:R^-1 + k%:R * phi K%:R^-1.
  by rewrite -mulrDl -natrD.
rewrite addrA ltr_add2r.
have b1 : b < 1.
  rewrite /b /a -[_ * _^-1]/(3%:R / (2%:R * K%:R)) ltr_pdivr_mulr ?mulr_gt0 ?ltr0n //.
  by rewrite mul1r -natrM ltr_nat mul2n -addnn addnS addSn !addnS !ltnS.
have ab : a < b by rewrite /b -[X in X < _]mul1r ltr_pmul2r // ltr1n.
have a1 := lt_trans ab b1.
have half : 0 < (2%:R^-1 : R) < 1 by rewrite invr_gt0 ltr0n invf_lt1 ?ltr0n // ltr1n.
have mid : 2%:R^-1 * a + (1 - 2%:R^-1) * b = K%:R^-1.
  by rewrite /b /a; field; rewrite K_neq0.
have := convex a b 2%:R^-1; rewrite a0 b0 a1 b1 half mid lt_eqF //= => /(_ isT isT isT isT) le.
by apply: (lt_from (ltr_add le le)); field.
Qed.

(* claim: S1.near; every K >= 2, every e > 0 in place of 10^-9 *)
(* 2 (1 - u_y) + e u_y^2 has two outputs whose label sums differ, however small e > 0. *)
Theorem near_not_symmetric (e : R) : 0 < e -> exists u v : simplex R K,
  let S := label_sum (of_label (fun t => 2%:R * (1 - t) + e * t ^+ 2)) in S u < S v.
Proof.
move=> e0; have [|u [v [_ _ lt]]] := @convex_not_symmetric (fun t => 2%:R * (1 - t) + e * t ^+ 2).
  move=> a b t _ _ ab /andP[t0 t1].
  have gap : 0 < e * (t * (1 - t) * (a - b) ^+ 2).
    have sq : 0 < (a - b) ^+ 2 by rewrite lt_neqAle eq_sym sqrf_eq0 subr_eq0 ab sqr_ge0.
    have u0 : 0 < 1 - t by rewrite subr_gt0.
    by apply: mulr_gt0 => //; apply: mulr_gt0 => //; apply: mulr_gt0.
  by apply: (lt_from gap); ring.
by exists u, v.
Qed.
End NotSymmetric.
