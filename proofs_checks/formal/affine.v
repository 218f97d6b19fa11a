(* S1, the converse: which generators have a constant sum over the simplex. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Binary.
Variables (R : realFieldType) (f g : R -> R) (C : R).
Local Notation G := (generator 2 f g).

(* claim: S1.converse; K = 2, where the condition is weaker *)
(* For two classes the loss is symmetric with the constant C exactly when G(t) + G(1-t) = C on [0, 1]. *)
Theorem S1_binary :
  symmetric (separable (K := 2) f g) C <-> forall t, 0 <= t <= 1 -> G t + G (1 - t) = C.
Proof.
have sum2 (u : simplex R 2) : label_sum (separable (K := 2) f g) u = G (u ord0) + G (1 - u ord0).
  rewrite separable_sum big_ord_recl big_ord1; congr (_ + G _).
  by rewrite -(weight_sum u) big_ord_recl big_ord1 addrC addKr.
split=> [sym t /andP[t0 t1] | all u]; last by rewrite sum2 all // weight_ge0 weight_le1.
have ge0 : all (fun x => 0 <= x) [:: t; 1 - t] by rewrite /= t0 subr_ge0 t1.
have sum1 : \sum_(x <- [:: t; 1 - t]) x = 1 by rewrite !big_cons big_nil; ring.
by have := sym (@listed _ 2 _ ge0 sum1 isT); rewrite sum2.
Qed.
End Binary.

Section Additive.
Variables (R : realFieldType) (k : nat) (f g : R -> R) (C : R).
Local Notation K := k.+3.
Local Notation G := (generator K f g).
Hypothesis sym : symmetric (separable (K := K) f g) C.

(* What G departs from its value at 0. *)
Local Notation A t := (G t - G 0).

(* part of: S1.converse; every K >= 3, any G *)
(* If the loss is symmetric, G - G(0) is additive: its value at s + t is the sum of those at s and t. *)
Theorem S1_additive s t : 0 <= s -> 0 <= t -> s + t <= 1 -> A (s + t) = A s + A t.
Proof.
move=> s0 t0 st1; pose r := 1 - (s + t).
have r0 : 0 <= r by rewrite subr_ge0.
have ge0 : all (fun x => 0 <= x) [:: s; t; r] by rewrite /= s0 t0 r0.
have ge0' : all (fun x => 0 <= x) [:: s + t; r] by rewrite /= addr_ge0 ?r0.
have sum1 : \sum_(x <- [:: s; t; r]) x = 1 by rewrite !big_cons big_nil /r; ring.
have sum1' : \sum_(x <- [:: s + t; r]) x = 1 by rewrite !big_cons big_nil /r; ring.
have three : (3 <= K)%N by [].
have two : (2 <= K)%N by [].
have := etrans (sym (@listed _ K _ ge0 sum1 three)) (esym (sym (@listed _ K _ ge0' sum1' two))).
rewrite !separable_sum (@sum_listed _ G [:: s; t; r] K three) (@sum_listed _ G [:: s + t; r] K two) !big_cons !big_nil /=.
rewrite !subSS !subn0 [k.+1%:R]mulrSr.
set a := G (s + t); set b := G s; set c := G t; set d := G r; set e := G 0.
move/eqP; rewrite -subr_eq0 => eq; apply/eqP; rewrite -subr_eq0 -oppr_eq0.
by move: eq; congr (_ == 0); ring.
Qed.

Lemma additive_multiple n t : 0 <= t -> n%:R * t <= 1 -> A (n%:R * t) = n%:R * A t.
Proof.
move=> t0; elim: n => [|n IH] nt1; first by rewrite !mul0r subrr.
have nt : n%:R * t + t = n.+1%:R * t by rewrite mulrSr mulrDl mul1r.
rewrite -nt S1_additive ?nt ?mulr_ge0 // IH; first by rewrite mulrSr mulrDl mul1r.
by apply: le_trans nt1; rewrite -nt ler_addl.
Qed.

(* part of: S1.converse; every K >= 3, any G, at rational t *)
(* If the loss is symmetric, G is affine at the rational points of [0, 1]. *)
Theorem S1_rational (p q : nat) : (p <= q)%N -> (0 < q)%N ->
  G (p%:R / q%:R) = G 0 + p%:R / q%:R * (G 1 - G 0).
Proof.
move=> pq q0; have q1 : 0 < q%:R :> R by rewrite ltr0n.
have inv0 : 0 <= q%:R^-1 :> R by rewrite invr_ge0 ler0n.
have unit n : (n <= q)%N -> n%:R / q%:R <= 1 :> R.
  by move=> nq; rewrite ler_pdivr_mulr // mul1r ler_nat.
have one := additive_multiple inv0 (unit q (leqnn q)).
have some := additive_multiple inv0 (unit p pq).
rewrite divff ?gt_eqF // in one.
rewrite -[LHS](subrK (G 0)) some addrC one; congr (_ + _).
by field; rewrite gt_eqF.
Qed.
End Additive.

Section Archimedean.
Variables (R : archiFieldType) (k : nat) (f g : R -> R) (C : R).
Local Notation K := k.+3.
Local Notation G := (generator K f g).
Hypothesis sym : symmetric (separable (K := K) f g) C.

(* The multiples p/q of 1/q on both sides of t. *)
Lemma between (t : R) q : 0 <= t -> exists p : nat, p%:R / q.+1%:R <= t < p.+1%:R / q.+1%:R.
Proof.
move=> t0; have q0 : 0 < q.+1%:R :> R by rewrite ltr0n.
have x0 : 0 <= t * q.+1%:R by rewrite mulr_ge0 ?ler0n.
have some : exists n : nat, t * q.+1%:R < n%:R by exists (Num.bound (t * q.+1%:R)); apply: archi_boundP.
case: (ex_minnP some) => [[|p]] lt least; first by rewrite ltNge x0 in lt.
exists p; rewrite ler_pdivr_mulr // ltr_pdivl_mulr // lt andbT leNgt.
by apply/negP => /least; rewrite ltnn.
Qed.

(* At every point of [0, 1], by epsilon and delta. *)
Definition continuous_on_unit (F : R -> R) := forall t, 0 <= t <= 1 -> forall e, 0 < e ->
  exists2 d, 0 < d & forall s, 0 <= s <= 1 -> `|s - t| < d -> `|F s - F t| < e.

(* Rationals as near as we please, from below. *)
Lemma rational_near (t d : R) : 0 <= t <= 1 -> 0 < d ->
  exists p q : nat, [/\ (p <= q)%N, (0 < q)%N & t - d < p%:R / q%:R <= t].
Proof.
case/andP=> t0 t1 d0; pose q := Num.bound d^-1.
have [p /andP[le lt]] := between q t0; exists p, q.+1; split=> //.
  rewrite -(ler_nat R); have := le_trans le t1.
  by rewrite ler_pdivr_mulr ?ltr0n // mul1r.
rewrite le andbT ltr_subl_addr; apply: lt_le_trans lt _.
rewrite [p.+1%:R]mulrSr mulrDl mul1r ler_add2l.
rewrite -[leRHS]invrK lef_pinv ?posrE ?invr_gt0 ?ltr0n //.
apply: ltW; apply: lt_trans (archi_boundP _) _; first by rewrite invr_ge0 ltW.
by rewrite ltr_nat.
Qed.

(* claim: S1.converse; every K >= 3, G continuous on [0, 1], every archimedean field *)
(* If the loss is symmetric and G continuous on [0, 1], by epsilon and delta, G is affine. *)
Theorem S1_continuous : continuous_on_unit G -> affine_on_unit G.
Proof.
move=> cont t t0 t1; apply/eqP; rewrite -subr_eq0; apply: contraT => off0.
set off := _ - _ in off0; pose m := `|G 1 - G 0| + 1.
have e0 : 0 < `|off| by rewrite normr_gt0.
have m0 : 0 < m by rewrite ltr_paddl.
have t01 : 0 <= t <= 1 by rewrite t0.
have [d d0 near] := cont t t01 (`|off| / 2%:R) (divr_gt0 e0 (ltr0Sn _ _)).
pose d' := Num.min d (`|off| / 2%:R / m).
have d'0 : 0 < d' by rewrite lt_minr d0 !divr_gt0 // ltr0Sn.
have [p [q [pq q0 /andP[low high]]]] := rational_near t01 d'0.
set s : R := p%:R / q%:R in low high.
have s0 : 0 <= s by rewrite divr_ge0 ?ler0n.
have dist_s : `|s - t| < d' by rewrite ler0_norm ?subr_le0 // opprB ltr_subl_addr -ltr_subl_addl.
have s01 : 0 <= s <= 1 by rewrite s0 (le_trans high).
have := near s s01 (lt_le_trans dist_s _); rewrite le_minl lexx => /(_ isT) close.
have offE : off = (s - t) * (G 1 - G 0) - (G s - G t).
  by rewrite /off (S1_rational sym pq q0) -/s; ring.
have small : `|(s - t) * (G 1 - G 0)| <= `|off| / 2%:R.
  have step : `|s - t| * m <= `|off| / 2%:R.
    rewrite -ler_pdivl_mulr //; apply: ltW; apply: lt_le_trans dist_s _.
    by rewrite le_minl lexx orbT.
  rewrite normrM; apply: le_trans step; rewrite ler_wpmul2l // /m ler_addl.
  exact: ler01.
have := le_lt_trans (ler_norm_sub _ _) (ler_lt_add small close).
rewrite -offE (_ : _ + _ = `|off|) ?ltxx //.
by field.
Qed.

(* claim: S1.converse; every K >= 3, G falling on [0, 1], every archimedean field *)
(* If the loss is symmetric and G falls on [0, 1], G is affine. *)
Theorem S1_monotone : (forall s t, 0 <= s <= t -> t <= 1 -> G t <= G s) -> affine_on_unit G.
Proof.
move=> falls t t0; rewrite le_eqVlt => /orP[/eqP -> | t1]; first by rewrite mul1r addrC subrK.
apply/eqP; rewrite -subr_eq0; apply: contraT => off0.
set off := _ - _ in off0; pose c := G 0 - G 1.
have c0 : 0 <= c by rewrite subr_ge0 falls ?lexx ?ler01.
pose q := Num.bound (c / `|off|).
have [p /andP[low high]] := between q t0.
have q0 : 0 < q.+1%:R :> R by rewrite ltr0n.
have pq : (p < q.+1)%N.
  by rewrite -(ltr_nat R); have := le_lt_trans low t1; rewrite ltr_pdivr_mulr // mul1r.
have next1 : p.+1%:R / q.+1%:R <= 1 :> R by rewrite ler_pdivr_mulr // mul1r ler_nat.
have above : G t <= G (p%:R / q.+1%:R) by rewrite falls ?divr_ge0 ?ler0n // ltW.
have under : G (p.+1%:R / q.+1%:R) <= G t by rewrite falls ?next1 // t0 ltW.
rewrite (S1_rational sym (ltnW pq)) // in above; rewrite (S1_rational sym pq) // in under.
have nextE : p.+1%:R / q.+1%:R = p%:R / q.+1%:R + q.+1%:R^-1 :> R by rewrite mulrSr mulrDl mul1r.
rewrite nextE in high under; set s : R := p%:R / q.+1%:R in low high above under.
set w : R := q.+1%:R^-1 in high under.
have bound : `|off| <= w * c.
  rewrite ler_norml /off; apply/andP; split.
    have drop : 0 <= (t - s) * c by rewrite mulr_ge0 // subr_ge0.
    by apply: (le_from (ler_add under drop)); rewrite /c; ring.
  have rest : 0 <= (s + w - t) * c by rewrite mulr_ge0 // subr_ge0 ltW.
  by apply: (le_from (ler_add above rest)); rewrite /c; ring.
have n0 : 0 < `|off| by rewrite normr_gt0.
have : q.+1%:R <= c / `|off|.
  by rewrite ler_pdivl_mulr // mulrC -ler_pdivl_mulr // mulrC.
by rewrite leNgt (lt_trans (archi_boundP (divr_ge0 c0 (ltW n0)))) // ltr_nat.
Qed.
End Archimedean.

(* Symmetric for two classes and for no more. *)
(* claim: S1.binary; K = 2, and every K >= 3 *)
(* The cubic f of the claim is symmetric for two classes, with C = 1, and with no constant for three or more. *)
Theorem only_binary (R : realFieldType) :
  let f t : R := 2%:R^-1 - (t - 2%:R^-1) - (t - 2%:R^-1) ^+ 3 in
  symmetric (separable (K := 2) f (fun=> 0)) 1 /\
  forall k C, ~ symmetric (separable (K := k.+3) f (fun=> 0)) C.
Proof.
move=> f; split=> [|k C sym].
  by apply/S1_binary => t _; rewrite /generator /f; field.
have := S1_rational sym (isT : (1 <= 3)%N) isT.
rewrite /generator !mulr0 !addr0 /f => /eqP; rewrite -subr_eq0.
rewrite [X in X == 0](_ : _ = - (27%:R)^-1); last by field.
by rewrite oppr_eq0 invr_eq0 pnatr_eq0.
Qed.
