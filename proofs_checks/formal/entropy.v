(* N3.cce and D1 with labels of no weight, and forward correction of cross-entropy. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry risk losses minimisers logarithm split validation.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Entropy.
Variable R : realType.

(* Every label that may occur has some probability; elsewhere cross-entropy is infinite. *)
Definition covers K (pi : 'I_K -> R) (u : simplex R K) := forall i, 0 < pi i -> 0 < u i.

(* claim: N3.cce; every K, every posterior, outputs of finite risk *)
(* Under cross-entropy the posterior has the least conditional risk among outputs that are not 0 where it is not, and nothing else has; all other outputs have an infinite one. *)
Theorem N3_cce_zeros K (pi u : simplex R K) : covers pi u ->
  let risk := conditional (of_label (fun t => - ln t)) pi in
  risk pi <= risk u /\ (risk u <= risk pi -> forall i, u i = pi i).
Proof.
move=> cover risk; pose term i := pi i * (ln (pi i) - ln (u i)) + (u i - pi i).
have gap : risk u - risk pi = \sum_i term i.
  rewrite /term big_split sumrB /= !weight_sum subrr addr0 /risk /conditional /of_label -sumrB.
  by apply: eq_bigr => i _; rewrite mulrBr !mulrN opprK addrC.
have term_ge0 i : 0 <= term i.
  rewrite /term; have := weight_ge0 pi i; rewrite le_eqVlt => /orP[/eqP <-|p0].
    by rewrite mul0r add0r subr0 weight_ge0.
  have u0 := cover i p0; have q0 : 0 < u i / pi i by rewrite divr_gt0.
  have -> : pi i * (ln (pi i) - ln (u i)) + (u i - pi i) = pi i * (u i / pi i - 1 - ln (u i / pi i)).
    rewrite ln_div ?posrE //; set a := ln _; set b := ln _; field; exact: lt0r_neq0.
  rewrite mulr_ge0 ?(ltW p0) // subr_ge0.
  have [-> | off] := eqVneq (u i / pi i) 1; first by rewrite ln1 subrr.
  by rewrite ltW // ln_lt_sub1.
split=> [|le i]; first by rewrite -subr_ge0 gap sumr_ge0.
have zero : \sum_i term i = 0 by apply/eqP; rewrite eq_le sumr_ge0 // andbT -gap subr_le0.
have := psumr_eq0P (fun j _ => term_ge0 j) zero (i := i) isT; rewrite /term.
have := weight_ge0 pi i; rewrite le_eqVlt => /orP[/eqP <-|p0]; first by rewrite mul0r add0r subr0.
have u0 := cover i p0; have q0 : 0 < u i / pi i by rewrite divr_gt0.
have [eq _ | off] := eqVneq (u i / pi i) 1; first by rewrite -[u i](@divfK _ (pi i)) ?gt_eqF // eq mul1r.
have := ln_lt_sub1 q0 off; rewrite ln_div ?posrE // -(ltr_pmul2l p0) -subr_gt0 => lt eq; move: lt.
have -> : pi i * (u i / pi i - 1) - pi i * (ln (u i) - ln (pi i)) = pi i * (ln (pi i) - ln (u i)) + (u i - pi i).
  by set a := ln _; set b := ln _; field; exact: lt0r_neq0.
by rewrite eq ltxx.
Qed.

(* claim: D1; every K >= 2, alpha > 0, every rate from 0 to below the threshold; for CCE outputs of finite risk *)
(* Of the noisy posterior of class c, minimisers of the conditional risk have u_c = 1 - eta under CCE and MSE, the posterior being one; under RLL, MAE and NMSE the vertex beats every output with u_c < 1. *)
Theorem D1_zeros k (eta alpha : R) (c : 'I_k.+2) (pi : simplex R k.+2) :
  0 <= eta < threshold R k.+2 -> 0 < alpha -> (forall j, pi j = uniform_noise eta c j) ->
  let least (L : loss R k.+2 (simplex R k.+2)) u := conditional L pi u <= conditional L pi pi in
  let beaten (L : loss R k.+2 (simplex R k.+2)) u := conditional L pi (vertex R c) < conditional L pi u in
  [/\ forall u, covers pi u -> conditional (of_label (fun t => - ln t)) pi pi <= conditional (of_label (fun t => - ln t)) pi u
        /\ (least (of_label (fun t => - ln t)) u -> u c = 1 - eta),
      forall u, conditional (@mse R k.+2) pi pi <= conditional (@mse R k.+2) pi u
        /\ (least (@mse R k.+2) u -> u c = 1 - eta)
    & forall u : simplex R k.+2, u c != 1 ->
        [/\ beaten (rll (fun t => ln (alpha + t))) u, beaten (@mae R k.+2) u & beaten (@nmse R k.+2) u]].
Proof.
move=> /andP[eta0 below] alpha0 piE least beaten.
have at_c : pi c = 1 - eta by rewrite piE /uniform_noise eqxx.
split=> [u cover | u | u uc].
- have [low only] := N3_cce_zeros cover.
  by split=> // /only ->.
- have [low only] := N3_mse pi u.
  by split=> // /only ->.
have same L v : conditional L pi v = conditional L (uniform_noise eta c) v.
  by apply: eq_bigr => j _; rewrite piE.
by have := D1_vertex below (shifted_increasing alpha0) uc; rewrite /beaten !same.
Qed.

(* claim: R9.forward; every K >= 2, every rate between 0 and the threshold, CCE *)
(* Forward-corrected cross-entropy, -log(b + a u_y), is -log(alpha + u_y) - log a with alpha = b/a; symmetrised it is (K-1)/K times RLL, up to a constant. *)
Theorem R9_forward_cce k (eta : R) (u : simplex R k.+2) (y : 'I_k.+2) : 0 < eta < threshold R k.+2 ->
  let K := k.+2 in let a := slope K eta in let b := flip K eta in let alpha := b / a in
  let phi t := ln (alpha + t) in
  let corrected := of_label (fun t => - ln (b + a * t)) in
  [/\ \sum_i u i * uniform_noise eta i y = b + a * u y,
      corrected u y = - ln (alpha + u y) - ln a
    & symmetrised corrected ((K%:R - 1) / K%:R * (phi 1 - phi 0)) u y = (K%:R - 1) / K%:R * rll phi u y].
Proof.
case/andP=> eta0 below K a b alpha phi corrected.
have a0 : 0 < a by rewrite slope_gt0.
have b0 : 0 < b by rewrite divr_gt0 // subr_gt0 K_gt1.
have al0 : 0 < alpha by rewrite divr_gt0.
have form t : 0 <= t -> - ln (b + a * t) = - ln (alpha + t) - ln a.
  move=> t0; have -> : b + a * t = (alpha + t) * a by rewrite /alpha mulrDl divfK ?gt_eqF // [t * a]mulrC.
  have t_pos : 0 < alpha + t := ltr_paddr t0 al0.
  by rewrite -opprD -lnM ?posrE.
split; first exact: (noisy_posteriorE eta u y).
  by rewrite /corrected /of_label form ?weight_ge0.
have [_ robust _ _] := @Y1 R k (fun _ _ => 0) 0 0 phi id; rewrite -robust.
rewrite /symmetrised; have -> : label_sum corrected u = label_sum (of_label (fun t => - phi t)) u - K%:R * ln a.
  rewrite /label_sum /corrected /of_label; under eq_bigr => i _ do rewrite form ?weight_ge0 //.
  by rewrite sumrB sumr_const card_ord -[ln a *+ _]mulr_natl.
rewrite /corrected {1}/of_label form ?weight_ge0 // /of_label /phi; set S := label_sum _ u.
have K0 : K%:R != 0 :> R by rewrite pnatr_eq0.
by congr (_ + _); rewrite mulrBl [K%:R * _]mulrC mulfK // opprB addrA subrK.
Qed.
End Entropy.
