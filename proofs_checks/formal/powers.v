(* Real powers t^q with 0^q = 0: strictly concave for 0 < q < 1, by the concavity of the logarithm. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions logarithm.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Powers.
Variable R : realType.
Implicit Types q s t x y : R.

Definition pow q t : R := if t == 0 then 0 else expR (q * ln t).

Lemma pow0 q : pow q 0 = 0. Proof. by rewrite /pow eqxx. Qed.

Lemma pow_gt0E q t : 0 < t -> pow q t = expR (q * ln t).
Proof. by rewrite /pow => t0; rewrite gt_eqF. Qed.

Lemma pow1 q : pow q 1 = 1.
Proof. by rewrite pow_gt0E ?ltr01 // ln1 mulr0 expR0. Qed.

Lemma pow_gt0 q t : 0 < t -> 0 < pow q t.
Proof. by move=> t0; rewrite pow_gt0E // expR_gt0. Qed.

Lemma pow_ge0 q t : 0 <= pow q t.
Proof. by rewrite /pow; case: eqP => // _; rewrite ltW // expR_gt0. Qed.

Lemma powM q s t : 0 <= s -> 0 <= t -> pow q (s * t) = pow q s * pow q t.
Proof.
rewrite le_eqVlt => /orP[/eqP <- _|s0]; first by rewrite mul0r !pow0 mul0r.
rewrite le_eqVlt => /orP[/eqP <-|t0]; first by rewrite mulr0 !pow0 mulr0.
by rewrite !pow_gt0E ?mulr_gt0 // lnM ?posrE // mulrDr expRD.
Qed.

Lemma pow_lt q s t : 0 < q -> 0 <= s -> s < t -> pow q s < pow q t.
Proof.
move=> q0; rewrite le_eqVlt => /orP[/eqP <- t0|s0 st]; first by rewrite pow0 pow_gt0.
have t0 := lt_trans s0 st.
by rewrite !pow_gt0E // ltr_expR ltr_pmul2l // ltr_ln ?posrE.
Qed.

Lemma pow_le q s t : 0 < q -> 0 <= s -> s <= t -> pow q s <= pow q t.
Proof.
by move=> q0 s0; rewrite le_eqVlt => /orP[/eqP -> //|st]; rewrite ltW // pow_lt.
Qed.

Lemma pow_le1 q t : 0 < q -> 0 <= t <= 1 -> pow q t <= 1.
Proof. by move=> q0 /andP[t0 t1]; rewrite -(pow1 q) pow_le. Qed.

Lemma pow_lt1 q t : 0 < q -> 0 <= t < 1 -> pow q t < 1.
Proof. by move=> q0 /andP[t0 t1]; rewrite -(pow1 q) pow_lt. Qed.

Lemma powS q t : 0 <= t -> pow (q + 1) t = t * pow q t.
Proof.
rewrite le_eqVlt => /orP[/eqP <-|t0]; first by rewrite !pow0 mul0r.
by rewrite !pow_gt0E // mulrDl mul1r expRD lnK ?posrE // mulrC.
Qed.

Variable q : R.
Hypothesis q01 : 0 < q < 1.

(* Bernoulli's inequality. *)
Lemma bernoulli x : 0 <= x -> x != 1 -> pow q x < 1 + q * (x - 1).
Proof.
case/andP: q01 => q0 q1; rewrite le_eqVlt => /orP[/eqP <- _|x0 x1].
  by rewrite pow0; apply: (lt_from q1); ring.
rewrite pow_gt0E //.
have m0 : 0 < q * x + (1 - q) * 1 by rewrite mulr1 addr_gt0 ?mulr_gt0 ?subr_gt0.
have := ln_strictly_concave x0 ltr01 x1 q01; rewrite ln1 oppr0 mulr0 addr0 mulrN ltr_opp2 => lt.
have -> : 1 + q * (x - 1) = q * x + (1 - q) * 1 by ring.
by rewrite -[ltRHS]lnK ?posrE // ltr_expR.
Qed.

(* Below its tangent at m. *)
Lemma pow_tangent m t : 0 < m -> 0 <= t -> t != m -> pow q t < pow q m + q * pow q m / m * (t - m).
Proof.
move=> m0 t0 tm; have x0 : 0 <= t / m by rewrite divr_ge0 // ltW.
have x1 : t / m != 1 by apply: contra tm => /eqP eq; rewrite -[t](divfK (lt0r_neq0 m0)) eq mul1r.
have := bernoulli x0 x1; rewrite -(ltr_pmul2l (pow_gt0 q m0)) -powM ?(ltW m0) //.
rewrite mulrCA divff ?gt_eqF // mulr1 => lt; apply: (lt_from lt).
by field; rewrite gt_eqF.
Qed.

Lemma pow_strictly_concave : strictly_convex_on (fun t => 0 <= t) (fun t => - pow q t).
Proof.
move=> a b t a0 b0 ab /andP[t0 t1]; set m := _ + _.
have u0 : 0 < 1 - t by rewrite subr_gt0.
have m0 : 0 < m.
  have [az|an] := eqVneq a 0; last by rewrite ltr_paddr ?mulr_ge0 ?(ltW u0) // mulr_gt0 // lt_neqAle eq_sym an.
  by rewrite ltr_paddl ?mulr_ge0 ?(ltW t0) // mulr_gt0 // lt_neqAle b0 andbT -az.
have am : a != m.
  rewrite -subr_eq0 (_ : a - m = (1 - t) * (a - b)); last by rewrite /m; ring.
  by apply: mulf_neq0; rewrite ?subr_eq0 // gt_eqF.
have bm : b != m.
  rewrite -subr_eq0 (_ : b - m = t * (b - a)); last by rewrite /m; ring.
  by apply: mulf_neq0; [rewrite gt_eqF | rewrite subr_eq0 eq_sym].
have la := pow_tangent m0 a0 am; have lb := pow_tangent m0 b0 bm.
rewrite -(ltr_pmul2l t0) in la; rewrite -(ltr_pmul2l u0) in lb.
have := ltr_add la lb; set p := pow q m; set s := q * p / m; move: (pow q a) (pow q b) => A B lt.
by apply: (lt_from lt); rewrite /m; ring.
Qed.
End Powers.
