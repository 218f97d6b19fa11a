(* N3.gce: what minimises the conditional risk of GCE. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions losses minimisers logarithm powers catalogue.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Powered.
Variables (R : realType) (k : nat) (q : R) (pi : simplex R k.+2).
Hypothesis q01 : 0 < q < 1.
Local Notation K := k.+2.

Let q0 : 0 < q. Proof. by case/andP: q01. Qed.
Let q1 : q < 1. Proof. by case/andP: q01. Qed.
Let r : R := (1 - q)^-1.
Let r0 : 0 < r. Proof. by rewrite invr_gt0 subr_gt0. Qed.

Definition power_sum := \sum_(i : ordinal_finType K) pow r (pi i).

Lemma power_sum_gt0 : 0 < power_sum.
Proof.
rewrite lt_neqAle sumr_ge0 ?andbT => [|i _]; last exact: pow_ge0.
apply/eqP=> /esym zero; have := weight_sum pi; rewrite big1 => [/esym/eqP|i _]; first by rewrite oner_eq0.
apply/eqP; apply: contraT => off; have p0 : 0 < pi i by rewrite lt_def off weight_ge0.
have /eqP := psumr_eq0P (fun j _ => pow_ge0 r (pi j)) zero (i := i) isT.
by rewrite gt_eqF // pow_gt0.
Qed.

Lemma powered_ge0 (i : ordinal_finType K) : 0 <= pow r (pi i) / power_sum.
Proof. by rewrite divr_ge0 ?pow_ge0 // ltW // power_sum_gt0. Qed.

Lemma powered_sum : \sum_(i : ordinal_finType K) pow r (pi i) / power_sum = 1.
Proof. by rewrite -mulr_suml divff // gt_eqF // power_sum_gt0. Qed.

(* The posterior raised to the power 1/(1-q), and scaled. *)
Definition powered : simplex R K := Dist powered_ge0 powered_sum.

Let c := expR ((1 - q) * ln power_sum).

(* The tangent of each summand at the minimiser has the same slope. *)
Lemma powered_slope i : 0 < pi i -> pi i * (pow q (powered i) / powered i) = c.
Proof.
move=> p0; have Z0 := power_sum_gt0; have P0 := pow_gt0 r p0.
have s0 : 0 < powered i by rewrite divr_gt0.
have lns : ln (powered i) = r * ln (pi i) - ln power_sum.
  by rewrite /= ln_div ?posrE // [pow r _]pow_gt0E // expK.
rewrite pow_gt0E // -[in X in _ / X](lnK (x := powered i)) ?posrE // -expRN -expRD.
rewrite -[X in X * _](lnK (x := pi i)) ?posrE // -expRD /c; congr expR.
rewrite lns /r; set a := ln (pi i); set b := ln power_sum.
by field; rewrite subr_eq0 gt_eqF.
Qed.

Lemma powered_term i t : 0 <= t ->
  pi i * pow q t <= pi i * pow q (powered i) + q * c * (t - powered i) ?= iff (t == powered i).
Proof.
move=> t0; apply/leifP; have [-> | off] := eqVneq; first by rewrite subrr mulr0 addr0.
have c0 : 0 < q * c by rewrite mulr_gt0 ?expR_gt0.
have := weight_ge0 pi i; rewrite le_eqVlt => /orP[/eqP p0 | p0].
  have s0 : powered i = 0 by rewrite /= -p0 pow0 mul0r.
  rewrite -p0 !mul0r add0r s0 subr0 mulr_gt0 // lt_def t0 andbT.
  by move: off; rewrite s0.
have s0 : 0 < powered i by rewrite /= divr_gt0 ?pow_gt0 ?power_sum_gt0.
have lt := pow_tangent q01 s0 t0 off; rewrite -(ltr_pmul2l p0) mulrDr in lt.
apply: (lt_le_trans lt); rewrite ler_add2l -(powered_slope p0).
by rewrite le_eqVlt; apply/orP; left; apply/eqP; field; rewrite gt_eqF.
Qed.

(* claim: N3.gce; every K >= 2, every q between 0 and 1, every posterior *)
(* The conditional risk of GCE is 1/q less sum pi_i u_i^q / q, least at the posterior raised to the power 1/(1-q) and scaled, and at nothing else. *)
Theorem N3_gce (u : simplex R K) :
  let risk := conditional (of_label (gce q)) pi in
  [/\ forall i, powered i = pow (1 - q)^-1 (pi i) / \sum_j pow (1 - q)^-1 (pi j),
      risk u = 1 / q - \sum_i pi i * pow q (u i) / q,
      risk powered <= risk u
    & risk u <= risk powered -> forall i, u i = powered i].
Proof.
move=> risk.
have riskE (v : simplex R K) : risk v = 1 / q - \sum_i pi i * pow q (v i) / q.
  rewrite /risk /conditional /of_label /gce -[in RHS](weight_sum pi) mulr_suml -sumrB.
  by apply: eq_bigr => i _; rewrite mulrA mulrBr mulr1 mulrBl.
have lines : \sum_i (pi i * pow q (powered i) + q * c * (u i - powered i)) = \sum_i pi i * pow q (powered i).
  have none : \sum_i (u i - powered i) = 0 by rewrite sumrB (weight_sum u) (weight_sum powered) subrr.
  transitivity (\sum_i pi i * pow q (powered i) + \sum_i q * c * (u i - powered i)); first exact: big_split.
  by rewrite -[X in _ + X]mulr_sumr none mulr0 addr0.
have terms i : pi i * pow q (u i) <= pi i * pow q (powered i) + q * c * (u i - powered i) ?= iff (u i == powered i).
  exact: powered_term (weight_ge0 u i).
split=> //; rewrite !riskE ler_add2l ler_opp2 -!mulr_suml ler_pmul2r ?invr_gt0 //.
  by rewrite -lines; apply: ler_sum => i _; exact: (terms i).1.
move=> le i; have := leif_sum (P := xpredT) (fun i _ => terms i); rewrite lines => whole.
have : \sum_i pi i * pow q (u i) == \sum_i pi i * pow q (powered i) by rewrite eq_le le whole.1.
by rewrite whole.2 => /forallP /(_ i) /= /eqP.
Qed.
End Powered.
