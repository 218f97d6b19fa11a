(* The losses that are made of the logarithm of the reals, and what R1's family of theorems needs of it. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry risk affine losses largest converse minimisers.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Import numFieldNormedType.Exports.
Local Open Scope ring_scope.

Section Logarithm.
Variable R : realType.
Implicit Types s t x y : R.

Lemma expR_gt1Dx x : x != 0 -> 1 + x < expR x.
Proof.
have mean a b : a < b -> exists2 c, a < c < b & expR b - expR a = expR c * (b - a) :> R.
  move=> ab; have [|c c_ab ->] := @MVT R expR expR a b ab (fun x _ => is_derive_expR x).
    by apply: continuous_subspaceT => z; apply: continuous_expR.
  by exists c => //; rewrite in_itv in c_ab.
rewrite neq_lt => /orP[x0 | x0].
  have [c /andP[_ c0]] := mean _ _ x0; rewrite expR0 sub0r => eq.
  have lt : expR c * - x < 1 * - x by rewrite ltr_pmul2r ?oppr_gt0 // expR_lt1.
  by rewrite -eq mul1r in lt; apply: (lt_from lt); ring.
have [c /andP[c0 _]] := mean _ _ x0; rewrite expR0 subr0 => eq.
have lt : 1 * x < expR c * x by rewrite ltr_pmul2r // expR_gt1.
by rewrite -eq mul1r in lt; apply: (lt_from lt); ring.
Qed.

Lemma ln_lt_sub1 x : 0 < x -> x != 1 -> ln x < x - 1.
Proof.
move=> x0 x1; rewrite ltr_subr_addl -[ltRHS](@lnK R x) ?posrE // expR_gt1Dx //.
by apply/eqP => zero; case/eqP: x1; rewrite -(@lnK R x) ?posrE // zero expR0.
Qed.

(* Below its tangent at each point, so strictly concave. *)
Lemma ln_strictly_concave : strictly_convex_on (fun t => 0 < t) (fun t : R => - ln t).
Proof.
move=> a b t a0 b0 ab /andP[t0 t1]; set m := _ + _.
have u0 : 0 < 1 - t by rewrite subr_gt0.
have m0 : 0 < m by rewrite addr_gt0 ?mulr_gt0.
have ratio (z : R) : 0 < z -> z != m -> ln z < ln m + (z / m - 1).
  move=> z0 zm; rewrite -ltr_subl_addl -ln_div ?posrE //; apply: ln_lt_sub1; first exact: divr_gt0.
  have m1 : m != 0 by rewrite gt_eqF.
  by apply: contra zm => /eqP /(canRL (divfK m1)) ->; rewrite mul1r.
have [t_0 u_0] : t != 0 /\ 1 - t != 0 by rewrite !gt_eqF.
have am : a != m.
  rewrite -subr_eq0 (_ : a - m = (1 - t) * (a - b)); last by rewrite /m; ring.
  by apply: mulf_neq0 => //; rewrite subr_eq0.
have bm : b != m.
  rewrite -subr_eq0 (_ : b - m = t * (b - a)); last by rewrite /m; ring.
  by apply: mulf_neq0 => //; rewrite subr_eq0 eq_sym.
have la : t * ln a < t * (ln m + (a / m - 1)) by rewrite ltr_pmul2l ?ratio.
have lb : (1 - t) * ln b < (1 - t) * (ln m + (b / m - 1)) by rewrite ltr_pmul2l ?ratio.
have mE : t * (a / m) + (1 - t) * (b / m) = 1 by rewrite !mulrA -mulrDl divff ?gt_eqF.
have total : t * (ln m + (a / m - 1)) + (1 - t) * (ln m + (b / m - 1)) = ln m.
  by rewrite -[RHS](addrK 1) -[X in _ = _ + X - _]mE; ring.
have := ltr_add la lb; rewrite total => lt.
by apply: (lt_from lt); ring.
Qed.

(* claim: L.cce; every K >= 2, outputs without a 0 *)
(* Cross-entropy has two outputs without a 0 whose label sums differ. *)
Theorem cce_not_symmetric k : exists u v : simplex R k.+2,
  [/\ interior u, interior v
    & label_sum (of_label (fun t => - ln t)) u < label_sum (of_label (fun t => - ln t)) v].
Proof.
apply: convex_not_symmetric => a b t /andP[a0 _] /andP[b0 _].
exact: ln_strictly_concave.
Qed.

Section RobustLog.
Variables (k : nat) (alpha : R).
Hypothesis alpha0 : 0 < alpha.
Local Notation phi := (fun t => ln (alpha + t)).

Lemma shifted_concave : strictly_convex_on (@unit_interval R) (fun t => - phi t).
Proof.
move=> a b t /andP[a0 _] /andP[b0 _] ab t01.
have shift : alpha + (t * a + (1 - t) * b) = t * (alpha + a) + (1 - t) * (alpha + b) by ring.
rewrite shift; apply: ln_strictly_concave => //; rewrite ?ltr_paddr //.
by apply: contra ab => /eqP /addrI ->.
Qed.

Lemma shifted_increasing s t : 0 <= s < t -> t <= 1 -> phi s < phi t.
Proof.
case/andP=> s0 st _; rewrite ltr_ln ?posrE ?ltr_add2l // ltr_paddr //.
exact: le_trans s0 (ltW st).
Qed.

(* claim: L.rll; every K >= 2, every alpha > 0, the logarithm itself *)
(* RLL is symmetric with C = K log((alpha + 1)/alpha). *)
Theorem rll_constant : symmetric (@rll R k.+2 phi) (k.+2%:R * ln ((alpha + 1) / alpha)).
Proof.
move=> u; rewrite rll_symmetric addr0 ln_div ?posrE //.
by rewrite addr_gt0 ?ltr01.
Qed.

(* claim: R4.bound; every K >= 3 and alpha > 0 for RLL, the logarithm itself *)
(* RLL exceeds C/(K-1) at some output. *)
Theorem rll_beyond_log (y : 'I_k.+3) :
  exists u, k.+3%:R * (phi 1 - phi 0) / (k.+3%:R - 1) < rll phi u y.
Proof. exact: rll_beyond shifted_concave. Qed.

End RobustLog.

(* Gibbs' inequality: the posterior has the least conditional risk under cross-entropy. *)
(* part of: N3.cce; every K, posteriors and outputs without a 0 *)
(* Under cross-entropy the posterior has the least conditional risk among outputs without a 0, and nothing else has. *)
Theorem N3_cce K (pi u : simplex R K) : interior pi -> interior u ->
  let risk := conditional (of_label (fun t => - ln t)) pi in
  risk pi <= risk u /\ (risk u <= risk pi -> forall i, u i = pi i).
Proof.
move=> pi0 u0 risk.
have gap : risk u - risk pi = \sum_i pi i * (u i / pi i - 1 - ln (u i / pi i)).
  have none : \sum_i pi i * (u i / pi i - 1) = 0.
    rewrite (eq_bigr (fun i => u i - pi i)) => [|i _]; last first.
      by rewrite mulrBr mulr1 mulrC divfK ?gt_eqF.
    by rewrite sumrB !weight_sum subrr.
  rewrite /risk /conditional /of_label -sumrB -[LHS]add0r -{1}none -big_split /=.
  apply: eq_bigr => i _; rewrite ln_div ?posrE //.
  by set a := ln (u i); set b := ln (pi i); set c := u i / _; ring.
have term_ge0 i : true -> 0 <= pi i * (u i / pi i - 1 - ln (u i / pi i)).
  move=> _; rewrite mulr_ge0 ?weight_ge0 // subr_ge0.
  have [-> | off] := eqVneq (u i / pi i) 1; first by rewrite ln1 subrr.
  by rewrite ltW // ln_lt_sub1 // divr_gt0.
split=> [|le i]; first by rewrite -subr_ge0 gap sumr_ge0.
have zero : \sum_i pi i * (u i / pi i - 1 - ln (u i / pi i)) = 0.
  by apply/eqP; rewrite eq_le sumr_ge0 // andbT -gap subr_le0.
have [eq | off] := eqVneq (u i / pi i) 1.
  by rewrite -[u i](@divfK _ (pi i)) ?gt_eqF // eq mul1r.
have /eqP := psumr_eq0P term_ge0 zero (i := i) isT; rewrite mulf_eq0 gt_eqF //= subr_eq0.
by rewrite gt_eqF // ln_lt_sub1 // divr_gt0.
Qed.

(* pi is the posterior of a sample of class c under uniform noise. *)
(* part of: D1; every K >= 2 and alpha > 0, rates above 0; for CCE outputs without a 0 *)
(* Minimisers of the noisy conditional risk have u_c = 1 - eta under CCE and MSE; under RLL, MAE and NMSE the vertex beats every output with u_c < 1. *)
Theorem D1 k (eta alpha : R) (c : 'I_k.+2) (pi : simplex R k.+2) :
  0 < eta < threshold R k.+2 -> 0 < alpha -> (forall j, pi j = uniform_noise eta c j) ->
  let least L u := conditional L pi u <= conditional L pi pi in
  let beaten (L : loss R k.+2 (simplex R k.+2)) u := conditional L pi (vertex R c) < conditional L pi u in
  [/\ forall u, interior u -> least (of_label (fun t => - ln t)) u -> u c = 1 - eta,
      forall u, least (@mse R k.+2) u -> u c = 1 - eta
    & forall u : simplex R k.+2, u c != 1 ->
        [/\ beaten (rll (fun t => ln (alpha + t))) u, beaten (@mae R k.+2) u & beaten (@nmse R k.+2) u]].
Proof.
move=> /andP[eta0 below] alpha0 piE least beaten.
have at_c : pi c = 1 - eta by rewrite piE /uniform_noise eqxx.
have pi0 : interior pi.
  move=> j; rewrite piE /uniform_noise; case: eqP => _; last by rewrite flip_gt0.
  rewrite subr_gt0; apply: lt_trans below _.
  by rewrite ltr_pdivr_mulr ?ltr0n // mul1r ltr_subl_addr ltr_addl ltr01.
split=> [u u0 /(N3_cce pi0 u0).2 -> //|u /(N3_mse pi u).2 -> //|u uc].
have same L v : conditional L pi v = conditional L (uniform_noise eta c) v.
  by apply: eq_bigr => j _; rewrite piE.
by have := D1_vertex below (shifted_increasing alpha0) uc; rewrite /beaten !same.
Qed.
End Logarithm.
