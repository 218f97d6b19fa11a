(* L.js and L.bi-tempered: losses that are divergences of the label and the output. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry losses minimisers logarithm powers catalogue.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section JensenShannon.
Variables (R : realType) (k : nat) (p : R).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).
Implicit Types u : simplex.

(* The divergence of Kullback and Leibler, with 0 log 0 = 0. *)
Definition kl (a b : 'I_K -> R) := \sum_i a i * ln (a i / b i).

Definition mixed u (y i : 'I_K) := p * vertex R y i + (1 - p) * u i.

Definition js u (y : 'I_K) :=
  (p * kl (vertex R y) (mixed u y) + (1 - p) * kl u (mixed u y)) / (- ((1 - p) * ln (1 - p))).

Hypothesis p01 : 0 < p < 1.
Let p0 : 0 < p. Proof. by case/andP: p01. Qed.
Let r0 : 0 < 1 - p. Proof. by rewrite subr_gt0; case/andP: p01. Qed.

Let gap x := x * ln x - (p + x) * ln (p + x).

Lemma js_scale_gt0 : 0 < - ((1 - p) * ln (1 - p)).
Proof.
rewrite -mulrN mulr_gt0 // oppr_gt0 -(ln1 R) ltr_ln ?posrE ?ltr01 //.
by rewrite ltr_subl_addr ltr_addl.
Qed.

Lemma gap_tangent x z : 0 < x -> 0 < z -> x != z ->
  gap z + (ln z - ln (p + z)) * (x - z) < gap x.
Proof.
move=> x0 z0 xz; have px0 : 0 < p + x by rewrite addr_gt0.
have pz0 : 0 < p + z by rewrite addr_gt0.
have [xn zn pxn pzn] : [/\ x != 0, z != 0, p + x != 0 & p + z != 0] by rewrite !gt_eqF.
pose a := z / x * ((p + x) / (p + z)); pose b := (p + x) / (p + z).
have b0 : 0 < b by rewrite divr_gt0.
have a0 : 0 < a by rewrite mulr_gt0 // divr_gt0.
have b1 : b != 1 by apply: contra xz => /eqP /divr1_eq /addrI ->.
have lb := ln_lt_sub1 b0 b1.
have la : ln a <= a - 1.
  by have [-> | off] := eqVneq a 1; [rewrite ln1 subrr | rewrite ltW // ln_lt_sub1].
rewrite -(ltr_pmul2l p0) in lb; rewrite -(ler_pmul2l x0) in la.
have lnb : ln b = ln (p + x) - ln (p + z) by rewrite ln_div ?posrE.
have lna : ln a = ln z - ln x + ln b by rewrite /a lnM ?posrE ?divr_gt0 // -/b ln_div ?posrE.
have balance : x * (a - 1) + p * (b - 1) = 0.
  by rewrite /a /b; field; rewrite xn pzn.
have := ltr_le_add lb la; rewrite [X in _ < X]addrC balance lna lnb /gap.
move: (ln x) (ln z) (ln (p + x)) (ln (p + z)) => A B C D lt.
by apply: (lt_from lt); ring.
Qed.

Lemma gap_falls x z : 0 <= x -> x <= z -> gap z <= gap x.
Proof.
rewrite le_eqVlt => /orP[/eqP <- z0 | x0].
  rewrite /gap mul0r addr0 sub0r; move: z0; rewrite le_eqVlt => /orP[/eqP <- | z0].
    by rewrite mul0r addr0 sub0r.
  have pz0 : 0 < p + z by rewrite addr_gt0.
  have lz : z * ln z <= z * ln (p + z).
    by rewrite ler_pmul2l // ler_ln ?posrE // ler_addr ltW.
  have lp : p * ln p <= p * ln (p + z).
    by rewrite ler_pmul2l // ler_ln ?posrE // ler_addl ltW.
  by apply: (le_from (ler_add lz lp)); ring.
rewrite le_eqVlt => /orP[/eqP -> // | xz]; have z0 := lt_trans x0 xz.
have pz0 : 0 < p + z by rewrite addr_gt0.
have := gap_tangent x0 z0 (negbT (lt_eqF xz)) => /ltW; apply: le_trans.
by rewrite ler_addl mulr_le0 // subr_le0 ?(ltW xz) // ler_ln ?posrE // ler_addr ltW.
Qed.

Definition js_of t :=
  ((1 - p) * (t * ln t - (1 - t) * ln (1 - p)) - (p + (1 - p) * t) * ln (p + (1 - p) * t))
    / (- ((1 - p) * ln (1 - p))).

Lemma js_gap t : 0 <= t -> js_of t = (gap ((1 - p) * t) - gap (1 - p)) / (- ((1 - p) * ln (1 - p))).
Proof.
move=> t0; congr (_ / _); have -> : gap (1 - p) = (1 - p) * ln (1 - p).
  by rewrite /gap [p + (1 - p)]addrC subrK ln1 mulr0 subr0.
rewrite /gap; have -> : (1 - p) * t * ln ((1 - p) * t) = (1 - p) * t * (ln (1 - p) + ln t).
  by move: t0; rewrite le_eqVlt => /orP[/eqP <- | t0]; rewrite ?mulr0 ?mul0r // lnM ?posrE.
by move: (ln t) (ln (1 - p)) (ln _) => A B C; ring.
Qed.

Lemma jsE u y : js u y = js_of (u y).
Proof.
congr (_ / _); have wy : vertex R y y = 1 by rewrite /= eqxx.
have -> : kl (vertex R y) (mixed u y) = - ln (p + (1 - p) * u y).
  rewrite /kl point_mean wy /mixed wy mulr1 div1r lnV ?posrE //.
  by rewrite ltr_paddr // mulr_ge0 ?weight_ge0 // ltW.
rewrite /kl (bigD1 y) //= /mixed wy mulr1.
have -> : \sum_(i | i != y) u i * ln (u i / (p * vertex R y i + (1 - p) * u i)) = - (1 - u y) * ln (1 - p).
  have -> : 1 - u y = \sum_(i | i != y) u i by rewrite -(weight_sum u) (bigD1 y) //= addrC addKr.
  rewrite mulNr mulr_suml -sumrN; apply: eq_bigr => i /negbTE iy; rewrite /= iy mulr0n mulr0 add0r.
  have := weight_ge0 u i; rewrite le_eqVlt => /orP[/eqP <- | u0]; first by rewrite !mul0r oppr0.
  rewrite [(1 - p) * _]mulrC invfM mulrA divff ?gt_eqF // mul1r lnV ?posrE //.
  by rewrite mulrN.
have := weight_ge0 u y; set t := u y; rewrite le_eqVlt => /orP[/eqP <- | t0].
  rewrite !mul0r add0r mulr0 addr0; move: (ln p) (ln (1 - p)) => A B; ring.
have m0 : 0 < p + (1 - p) * t by rewrite addr_gt0 ?mulr_gt0.
rewrite ln_div ?posrE //; move: (ln t) (ln (1 - p)) (ln _) => A B C; ring.
Qed.

Lemma js_strictly_convex : strictly_convex_on (fun t => 0 < t < 1) js_of.
Proof.
move=> a b t /andP[a0 _] /andP[b0 _] ab /andP[t0 t1]; set m := _ + _.
have u0 : 0 < 1 - t by rewrite subr_gt0.
have m0 : 0 < m by rewrite addr_gt0 ?mulr_gt0.
have [tn un] : t != 0 /\ 1 - t != 0 by rewrite !gt_eqF.
rewrite !js_gap ?(ltW a0) ?(ltW b0) ?(ltW m0) // !mulrA -mulrDl ltr_pmul2r ?invr_gt0 ?js_scale_gt0 //.
have am : (1 - p) * a != (1 - p) * m.
  rewrite (inj_eq (mulfI (lt0r_neq0 r0))) -subr_eq0 (_ : a - m = (1 - t) * (a - b)); last by rewrite /m; ring.
  by apply: mulf_neq0 => //; rewrite subr_eq0.
have bm : (1 - p) * b != (1 - p) * m.
  rewrite (inj_eq (mulfI (lt0r_neq0 r0))) -subr_eq0 (_ : b - m = t * (b - a)); last by rewrite /m; ring.
  by apply: mulf_neq0 => //; rewrite subr_eq0 eq_sym.
have la := gap_tangent (mulr_gt0 r0 a0) (mulr_gt0 r0 m0) am.
have lb := gap_tangent (mulr_gt0 r0 b0) (mulr_gt0 r0 m0) bm.
rewrite -(ltr_pmul2l t0) in la; rewrite -(ltr_pmul2l u0) in lb.
have := ltr_add la lb; set slope := ln _ - ln _; move: (gap (_ * a)) (gap (_ * b)) (gap (1 - p)) (gap _).
by move=> A B D M lt; apply: (lt_from lt); rewrite /m; ring.
Qed.

(* claim: L.js; every K >= 2, every pi1 between 0 and 1 *)
(* JS, by its divergences, is a function of u_y; two outputs without a 0 have different label sums, which lie between 0 and K (1 + pi1 log pi1/((1 - pi1) log(1 - pi1))). *)
Theorem js_not_symmetric :
  [/\ forall u y, js u y = js_of (u y),
      exists u v, [/\ interior u, interior v & label_sum js u < label_sum js v]
    & sum_between js 0 (K%:R * (1 + p * ln p / ((1 - p) * ln (1 - p))))].
Proof.
have same u : label_sum js u = label_sum (of_label js_of : loss R K simplex) u.
  by apply: eq_bigr => y _; exact: jsE.
split; first exact: jsE.
  have [u [v [u0 v0 lt]]] := @convex_not_symmetric R k _ js_strictly_convex.
  by exists u, v; rewrite !same.
move=> u; rewrite same -(mulr0 K%:R); move: u; apply: sum_between_of => t /andP[t0 t1].
have z0 := js_scale_gt0; rewrite js_gap //.
have x0 : 0 <= (1 - p) * t by rewrite mulr_ge0 // ltW.
have x1 : (1 - p) * t <= 1 - p by rewrite ger_pmulr.
rewrite divr_ge0 ?(ltW z0) ?subr_ge0 ?gap_falls //= ler_pdivr_mulr //.
have := gap_falls (lexx 0) x0; rewrite -(ler_add2r (- gap (1 - p))) => /le_trans; apply.
rewrite /gap mul0r addr0 [p + (1 - p)]addrC subrK ln1 mulr0 subr0 sub0r le_eqVlt; apply/orP; left; apply/eqP.
have : (1 - p) * ln (1 - p) != 0 by rewrite -oppr_eq0 gt_eqF.
by move: (ln p) (_ * ln (1 - p)) => A B B0; field.
Qed.
End JensenShannon.

Section BiTempered.
Variables (R : realType) (k : nat) (q : R).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).

(* With q = 1 - t1. *)
Definition bi_tempered (u : simplex) (y : 'I_K) :=
  (1 - pow q (u y)) / q - (1 - \sum_i pow (q + 1) (u i)) / (q + 1).

Hypothesis q01 : 0 < q < 1.

(* claim: L.bi-tempered; every K >= 2, every t1 = 1 - q between 0 and 1 *)
(* The bi-tempered loss is not symmetric, and its label sum lies between -K/(q + 1) and K/q + K (K - 1)/(q + 1). *)
Theorem bi_tempered_not_symmetric :
  asymmetric bi_tempered /\
  sum_between bi_tempered (- (K%:R / (q + 1))) (K%:R / q + K%:R * (K%:R - 1) / (q + 1)).
Proof.
case/andP: (q01) => q0 q1; have s0 : 0 < q + 1 by rewrite addr_gt0 ?ltr01.
have [qn sn] : q != 0 /\ q + 1 != 0 by rewrite !gt_eqF.
pose phi t := (1 - pow q t) / q + K%:R * pow (q + 1) t / (q + 1).
have sumE u : label_sum bi_tempered u = \sum_i phi (u i) - K%:R / (q + 1).
  pose a := \sum_i (1 - pow q (u i)) / q; pose b := \sum_i pow (q + 1) (u i).
  have -> : \sum_i phi (u i) = a + K%:R * b / (q + 1).
    by rewrite /phi big_split /= /b mulr_sumr mulr_suml.
  rewrite /label_sum /bi_tempered sumrB sumr_const card_ord -/a -/b -[_ *+ K]mulr_natl.
  by move: a b => a b; field.
split.
  exists (pair k (zero01 R)), (pair k (half01 R)); rewrite !sumE (inj_eq (addIr _)) !sum_pair half_other.
  rewrite (inj_eq (addIr _)) subr0; set x := pow q 2%:R^-1.
  have h0 : 0 <= 2%:R^-1 :> R by rewrite invr_ge0 ler0n.
  have half : 2%:R^-1 < x.
    have h01 : 0 < (2%:R^-1 : R) < 1 by rewrite invr_gt0 ltr0n invf_lt1 ?ltr0n // ltr1n.
    have := pow_strictly_concave q01 (lexx 0) ler01 (negbT (lt_eqF ltr01)) h01.
    by rewrite pow0 pow1 mulr0 add0r half_other oppr0 mulr0 add0r mulrN mulr1 ltr_opp2.
  have x1 : x < 1 by rewrite pow_lt1 // h0 /= invf_lt1 ?ltr0n // ltr1n.
  rewrite /phi !powS ?ler01 ?lexx // !pow0 !pow1 -/x gt_eqF // -subr_gt0.
  have gap : 0 < (2%:R * x - 1) / q + K%:R * (1 - x) / (q + 1).
    rewrite addr_gt0 // divr_gt0 ?mulr_gt0 ?ltr0n ?subr_gt0 //.
    by rewrite -(ltr_pmul2l (x := 2%:R)) ?ltr0n // divff ?pnatr_eq0 in half.
  by apply: (lt_from gap); field; rewrite qn sn.
move=> u; rewrite sumE.
have range : forall t : R, 0 <= t <= 1 -> 0 <= phi t <= q^-1 + K%:R / (q + 1).
  move=> t t01; case/andP: (t01) => t0 t1.
  have up : K%:R * pow (q + 1) t / (q + 1) <= K%:R / (q + 1).
    by rewrite ler_pmul2r ?invr_gt0 // ler_pimulr ?ler0n // pow_le1.
  rewrite /phi addr_ge0 ?divr_ge0 ?mulr_ge0 ?ler0n ?pow_ge0 ?subr_ge0 ?pow_le1 ?(ltW q0) ?(ltW s0) //=.
  rewrite ler_add // -[leRHS]mul1r ler_pmul2r ?invr_gt0 // ger_addl oppr_le0 pow_ge0 //.
have := @sum_between_of R k phi 0 (q^-1 + K%:R / (q + 1)) range u; rewrite /label_sum /of_label mulr0.
case/andP=> low high; rewrite -[leLHS]add0r ler_add2r low /=.
apply: le_trans (ler_add high (lexx _)) _; rewrite le_eqVlt; apply/orP; left; apply/eqP.
by field; rewrite qn sn.
Qed.
End BiTempered.
