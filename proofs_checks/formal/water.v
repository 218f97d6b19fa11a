(* N3.rll: water filling, what minimises the conditional risk of the robust log loss. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry losses minimisers logarithm.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Import numFieldTopology.Exports numFieldNormedType.Exports.
Local Open Scope ring_scope.

(* Lines cut off below 0, and a level at which they hold one unit. *)
Section Level.
Variables (R : realType) (T : finType) (p q : T -> R) (P : pred T).

Definition held (x : R) : R := \sum_(i | P i) Num.max 0 (p i * x + q i).

Lemma held_continuous : continuous held.
Proof.
pose on (r : seq T) (x : R) : R := \sum_(i <- r | P i) Num.max 0 (p i * x + q i).
rewrite -[held]/(on (index_enum T)); elim: (index_enum T) => [|i r IH].
  have -> : on [::] = @cst R R 0 by apply/funext => y; rewrite /on big_nil.
  by move=> x; exact: cst_continuous.
pose line (y : R) : R := p i * y + q i.
have line_cont : continuous line.
  move=> x; apply: (@continuousD R R R (fun y => p i * y) (fun=> q i)); last exact: cst_continuous.
  exact: mulrl_continuous.
pose cut (y : R) : R := (line y + `|line y|) / 2%:R.
have cut_cont : continuous cut.
  move=> x; apply: (@continuousM R R (fun y => line y + `|line y|) (fun=> 2%:R^-1)); last exact: cst_continuous.
  by apply: (@continuousD R R R line (fun y => `|line y|)); [exact: line_cont | apply: cvg_norm; exact: line_cont].
have -> : on (i :: r) = (fun y => if P i then cut y else 0) + on r.
  apply/funext => y; rewrite /on big_cons /GRing.add /=; case: (P i); last by rewrite add0r.
  congr (_ + _); rewrite /cut -/(line y); have [high | low] := leP 0 (line y).
    by rewrite ger0_norm //; field.
  by rewrite ltr0_norm // subrr mul0r.
move=> x; apply: (@continuousD R R R (fun y => if P i then cut y else 0) (on r)); last exact: IH.
by case: (P i); [exact: cut_cont | exact: cst_continuous].
Qed.

Lemma level a b : a <= b -> Num.min (held a) (held b) <= 1 <= Num.max (held a) (held b) ->
  exists2 x, a <= x <= b & held x = 1.
Proof.
move=> ab between; have [|x] := @IVT R held a b 1 ab _ between.
  by apply: continuous_subspaceT => z; exact: held_continuous.
by rewrite in_itv /= => ? ?; exists x.
Qed.
End Level.

Section Water.
Variables (R : realType) (k : nat) (alpha : R) (pi : simplex R k.+2).
Hypothesis alpha0 : 0 < alpha.
Local Notation K := k.+2.
Local Notation phi := (fun t => ln (alpha + t)).
Local Notation risk := (conditional (rll phi) pi : simplex R K -> R).

(* What RLL weighs a class by: its share of the posterior above an even one. *)
Definition water_weight (i : 'I_K) := (K%:R * pi i - 1) / (K%:R - 1).
Local Notation w := water_weight.

(* Water of the level 1/lambda over the ground alpha, on the classes of positive weight. *)
Definition filled (lambda : R) (i : 'I_K) := if 0 < w i then Num.max 0 (w i / lambda - alpha) else 0.

Lemma K1_gt0 : 0 < K%:R - 1 :> R. Proof. by rewrite subr_gt0 K_gt1. Qed.

Lemma sum_water_weight : \sum_i w i = 0.
Proof.
rewrite -mulr_suml sumrB -mulr_sumr weight_sum sumr_const card_ord mulr1.
by rewrite subrr mul0r.
Qed.

Lemma rll_risk u : risk u = phi 1 - phi 0 - \sum_i w i * phi (u i).
Proof.
pose s := \sum_i phi (u i).
have each j : rll phi u j = (phi 1 - phi 0 + s / (K%:R - 1)) + - (K%:R / (K%:R - 1)) * phi (u j).
  rewrite /rll /separable -mulr_suml; have -> : \sum_(i | i != j) phi (u i) = s - phi (u j).
    by rewrite /s [in RHS](bigD1 j) //= addrAC subrr add0r.
  set a := ln (alpha + 1); set b := ln (alpha + 0); set c := ln _; field; exact: K1_neq0.
rewrite /conditional; under eq_bigr => j _ do rewrite each.
rewrite mean_affine.
have -> : \sum_i w i * phi (u i) = K%:R / (K%:R - 1) * (\sum_i pi i * phi (u i)) - s / (K%:R - 1).
  rewrite /s mulr_sumr mulr_suml -sumrB; apply: eq_bigr => i _; rewrite /w; set c := ln _.
  by field; apply: K1_neq0.
by rewrite opprB mulNr addrA.
Qed.

Lemma phi_tangent s t : 0 <= s -> 0 <= t ->
  phi t <= phi s + (t - s) / (alpha + s) ?= iff (t == s).
Proof.
move=> s0 t0; apply/leifP; have [-> | off] := eqVneq; first by rewrite subrr mul0r addr0.
have as0 : 0 < alpha + s by rewrite ltr_paddr.
have at0 : 0 < alpha + t by rewrite ltr_paddr.
have x0 : 0 < (alpha + t) / (alpha + s) by rewrite divr_gt0.
have x1 : (alpha + t) / (alpha + s) != 1.
  by apply: contra off => /eqP /divr1_eq /addrI ->.
have := ln_lt_sub1 x0 x1; rewrite ln_div ?posrE // => lt; apply: (lt_from lt).
set a := ln (alpha + t); set b := ln (alpha + s).
by field; rewrite gt_eqF.
Qed.

Lemma water_term lambda i t : 0 < lambda -> 0 <= t ->
  w i * phi t <= w i * phi (filled lambda i) + lambda * (t - filled lambda i) ?= iff (t == filled lambda i).
Proof.
move=> l0 t0; apply/leifP; have [-> | off] := eqVneq; first by rewrite subrr mulr0 addr0.
rewrite /filled in off *; case: ifP off => [w0 off | /negbT]; last first.
  rewrite -leNgt => w0 off; rewrite subr0; have t_pos : 0 < t by rewrite lt_def off.
  rewrite -[ltLHS]addr0 ler_lt_add ?mulr_gt0 // ler_wnmul2l //.
  by rewrite ler_ln ?posrE ?addr0 ?ler_addl // ltr_paddr.
set s := Num.max 0 _ in off *; have s0 : 0 <= s by rewrite le_maxr lexx.
have := phi_tangent s0 t0; rewrite (negbTE off) => /leifP /= lt.
rewrite -(ltr_pmul2l w0) mulrDr in lt; apply: (lt_le_trans lt); rewrite ler_add2l.
have as0 : 0 < alpha + s by rewrite ltr_paddr.
rewrite mulrA ler_pdivr_mulr // [leRHS]mulrAC.
have [high | low] := leP 0 (w i / lambda - alpha).
  have -> : lambda * (alpha + s) = w i.
    by rewrite /s (max_idPr high) addrC subrK mulrC divfK // gt_eqF.
  by [].
have sz : s = 0 by rewrite /s (max_idPl (ltW low)).
rewrite sz addr0 subr0 ler_wpmul2r //.
by move: low; rewrite subr_lt0 ltr_pdivr_mulr // mulrC => /ltW.
Qed.

Lemma filled_best lambda (v : simplex R K) : 0 < lambda -> (forall i, v i = filled lambda i) ->
  forall u, risk v <= risk u /\ (risk u <= risk v -> forall i, u i = v i).
Proof.
move=> l0 vE u.
have terms i : w i * phi (u i) <= w i * phi (v i) + lambda * (u i - v i) ?= iff (u i == v i).
  by rewrite vE; apply: water_term (weight_ge0 u i).
have lines : \sum_i (w i * phi (v i) + lambda * (u i - v i)) = \sum_i w i * phi (v i).
  have none : \sum_i (u i - v i) = 0 by rewrite sumrB (weight_sum u) (weight_sum v) subrr.
  transitivity (\sum_i w i * phi (v i) + \sum_i lambda * (u i - v i)); first exact: big_split.
  by rewrite -[X in _ + X]mulr_sumr none mulr0 addr0.
rewrite !rll_risk !ler_add2l !ler_opp2.
have whole := leif_sum (P := xpredT) (fun i _ => terms i); rewrite lines in whole.
split=> [|le i]; first exact: whole.1.
have : \sum_i w i * phi (u i) == \sum_i w i * phi (v i) by rewrite eq_le le whole.1.
by rewrite whole.2 => /forallP /(_ i) /= /eqP.
Qed.

Lemma water_weight_eq0 i : (w i == 0) = (pi i == K%:R^-1).
Proof.
have K0 : K%:R != 0 :> R by rewrite pnatr_eq0.
rewrite /w mulf_eq0 invr_eq0 (gt_eqF K1_gt0) orbF subr_eq0.
by rewrite -(inj_eq (mulfI K0) (pi i)) divff.
Qed.

Lemma some_weight_gt0 : (exists i, pi i != K%:R^-1) -> exists i, 0 < w i.
Proof.
case=> i; rewrite -water_weight_eq0 => off.
have [j wj | none] := pickP (fun j => 0 < w j); first by exists j.
have le0 j : true -> 0 <= - w j by rewrite oppr_ge0 leNgt none.
have zero : \sum_j - w j = 0 by rewrite sumrN sum_water_weight oppr0.
by have /eqP := psumr_eq0P le0 zero (i := i) isT; rewrite oppr_eq0 (negbTE off).
Qed.

Lemma some_level : (exists i, pi i != K%:R^-1) -> exists2 lambda, 0 < lambda & \sum_i filled lambda i = 1.
Proof.
case/some_weight_gt0 => m wm; pose water := held w (fun=> - alpha) (fun i => 0 < w i).
have water0 : water 0 = 0.
  by apply: big1 => i _; rewrite mulr0 add0r (max_idPl _) // oppr_le0 ltW.
pose top := (1 + alpha) / w m; have top0 : 0 < top by rewrite divr_gt0 // addr_gt0 ?ltr01.
have water1 : 1 <= water top.
  rewrite /water /held (bigD1 m) //=.
  have -> : w m * top - alpha = 1 by rewrite /top mulrC divfK ?gt_eqF // addrK.
  rewrite (max_idPr ler01) ler_addl; apply: sumr_ge0 => i _.
  by rewrite le_maxr lexx.
have [|x /andP[x0 _] eq] := @level R _ w (fun=> - alpha) (fun i => 0 < w i) 0 top (ltW top0).
  by rewrite -/(water 0) -/(water top) water0 le_minl ler01 /= le_maxr water1 orbT.
have x_pos : 0 < x.
  rewrite lt_def x0 andbT; apply/eqP => xz; move: eq; rewrite xz -/(water 0) water0 => /esym/eqP.
  by rewrite oner_eq0.
exists x^-1; first by rewrite invr_gt0.
rewrite -[RHS]eq /held [RHS]big_mkcond; apply: eq_bigr => i _.
by rewrite /filled invrK; case: ifP.
Qed.

(* claim: N3.rll; every K >= 2, every alpha > 0, every posterior *)
(* The conditional risk of RLL is -sum w_i log(alpha + u_i) and a number, w_i = (K pi_i - 1)/(K-1); each summand rises where w_i < 0 and is strictly convex where w_i > 0. If pi is not uniform, one lambda > 0 makes max(0, w_i/lambda - alpha), 0 where w_i <= 0, an output, and it alone has the least risk; if it is, all outputs have the same. *)
Theorem N3_rll :
  [/\ forall u, risk u = phi 1 - phi 0 - \sum_i w i * phi (u i),
      forall i s t, w i < 0 -> 0 <= s < t -> - (w i * phi s) < - (w i * phi t),
      forall i, 0 < w i -> strictly_convex_on (fun t => 0 <= t) (fun t => - (w i * phi t)),
      (exists i, pi i != K%:R^-1) -> exists lambda (v : simplex R K),
        [/\ 0 < lambda, forall i, v i = filled lambda i,
            forall mu, 0 < mu -> \sum_i filled mu i = 1 -> mu = lambda
          & forall u, risk v <= risk u /\ (risk u <= risk v -> forall i, u i = v i)]
    & (forall i, pi i = K%:R^-1) -> forall u v, risk u = risk v].
Proof.
split=> [u | i s t wi /andP[s0 st] | i wi a b t a0 b0 ab t01 | off | even u v].
- exact: rll_risk.
- rewrite ltr_opp2 ltr_nmul2l // ltr_ln ?posrE ?ltr_add2l // ltr_paddr //.
  exact: le_trans s0 (ltW st).
- have shift : alpha + (t * a + (1 - t) * b) = t * (alpha + a) + (1 - t) * (alpha + b) by ring.
  have apart : alpha + a != alpha + b by rewrite (inj_eq (addrI alpha)).
  have := ln_strictly_concave (ltr_paddr a0 alpha0) (ltr_paddr b0 alpha0) apart t01.
  rewrite -(ltr_pmul2l wi) -shift; move: (ln (alpha + a)) (ln (alpha + b)) (ln _) => A B C lt.
  by apply: (lt_from lt); ring.
- have [lambda l0 total] := some_level off.
  have ge0 mu (i : ordinal_finType K) : 0 <= filled mu i.
    by rewrite /filled; case: ifP => // _; rewrite le_maxr lexx.
  pose output mu (sum1 : \sum_(i : ordinal_finType K) filled mu i = 1) : simplex R K := Dist (ge0 mu) sum1.
  exists lambda, (output lambda total); split=> // [mu mu0 sum1 | u]; last exact: (filled_best l0).
  have same i : filled lambda i = filled mu i.
    have [least _] := @filled_best mu (output mu sum1) mu0 (fun=> erefl) (output lambda total).
    have [_] := @filled_best lambda (output lambda total) l0 (fun=> erefl) (output mu sum1).
    by move=> /(_ least i).
  have [i | none] := pickP (fun i => 0 < filled lambda i); last first.
    have := total; rewrite big1 => [/esym/eqP|i _]; first by rewrite oner_eq0.
    by apply/eqP; rewrite eq_le ge0 leNgt none.
  have := same i; rewrite /filled; case: ifP => [wi | _]; last by rewrite ltxx.
  have [high | low] := leP 0 (w i / lambda - alpha); last by rewrite ltxx.
  have [high' | low'] := leP 0 (w i / mu - alpha); last by move=> ->; rewrite ltxx.
  move=> /addIr /(mulfI (lt0r_neq0 wi)) /invr_inj ->.
  by [].
by rewrite !rll_risk !big1 // => i _; have /eqP -> : w i == 0; rewrite ?mul0r ?water_weight_eq0 ?even.
Qed.
End Water.
