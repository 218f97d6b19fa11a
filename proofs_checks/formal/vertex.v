(* A1 and A2: when the vertex is best, for a loss of the label's probability, and up to which rate of noise. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry risk losses memorization minimisers.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Slopes.
Variables (R : realFieldType) (f : R -> R).
Implicit Types d e h : R.

(* d is the slope of f at 0 from the right, at 1 from the left; or the slope at 0 is minus infinity. *)
Definition slope_at_0 d := forall e, 0 < e ->
  exists2 r, 0 < r & forall h, 0 < h < r -> `|(f h - f 0) / h - d| < e.

Definition slope_at_1 d := forall e, 0 < e ->
  exists2 r, 0 < r & forall h, 0 < h < r -> `|(f 1 - f (1 - h)) / h - d| < e.

Definition steep_at_0 := forall e, exists2 r, 0 < r & forall h, 0 < h < r -> (f h - f 0) / h < e.

Definition falling_on_unit := forall s t, 0 <= s <= t -> t <= 1 -> f t <= f s.

(* Nowhere below the chord between its ends. *)
Definition above_chord_on_unit := forall t, 0 <= t <= 1 -> t * f 1 + (1 - t) * f 0 <= f t.
End Slopes.

(* The vertex of c has the least conditional risk. *)
Definition vertex_best (R : realFieldType) K (L : loss R K (simplex R K)) (pi : 'I_K -> R) (c : 'I_K) :=
  forall u, conditional L pi (vertex R c) <= conditional L pi u.

Section Moves.
Variables (R : realFieldType) (k : nat) (f : R -> R) (pi : 'I_k.+2 -> R) (c : 'I_k.+2).
Local Notation K := k.+2.
Local Notation L := (of_label f : loss R K (simplex R K)).

Lemma risk_gap (u : simplex R K) : conditional L pi u - conditional L pi (vertex R c)
  = pi c * (f (u c) - f 1) + \sum_(j | j != c) pi j * (f (u j) - f 0).
Proof.
rewrite /conditional /of_label -sumrB (bigD1 c) //= eqxx mulr1n -mulrBr; congr (_ + _).
by apply: eq_bigr => j /negbTE ->; rewrite mulr0n -mulrBr.
Qed.

Lemma rest_of (u : simplex R K) : \sum_(j | j != c) u j = 1 - u c.
Proof. by rewrite -(weight_sum u) [in RHS](bigD1 c) //= addrC addKr. Qed.

(* 1 - h on c and h on another class. *)
Section Towards.
Variables (j : 'I_K) (h : R).
Hypotheses (jc : j != c) (h01 : 0 <= h <= 1).

Definition towards (i : ordinal_finType K) : R := (1 - h) * (i == c)%:R + h * (i == j)%:R.

Lemma towards_ge0 i : 0 <= towards i.
Proof. by case/andP: h01 => h0 h1; rewrite addr_ge0 ?mulr_ge0 ?subr_ge0 ?ler0n. Qed.

Lemma towards_sum : \sum_i towards i = 1.
Proof. by rewrite big_split /= -!mulr_sumr !point_sum !mulr1 subrK. Qed.

Definition towards_output : simplex R K := Dist towards_ge0 towards_sum.

Lemma towards_gap : conditional L pi towards_output - conditional L pi (vertex R c)
  = pi c * (f (1 - h) - f 1) + pi j * (f h - f 0).
Proof.
rewrite risk_gap /= /towards eqxx eq_sym (negbTE jc) mulr1 mulr0 addr0; congr (_ + _).
rewrite (bigD1 j) //= eqxx (negbTE jc) mulr1 mulr0 add0r big1 ?addr0 // => i /andP[/negbTE -> /negbTE ->].
by rewrite !mulr0 addr0 subrr mulr0.
Qed.
End Towards.
End Moves.

Section A1.
Variables (R : realFieldType) (k : nat) (f : R -> R) (pi : simplex R k.+2) (c : 'I_k.+2).
Local Notation K := k.+2.
Local Notation L := (of_label f : loss R K (simplex R K)).

Lemma unit0 : unit_interval (0 : R). Proof. by rewrite /unit_interval lexx ler01. Qed.
Lemma unit1 : unit_interval (1 : R). Proof. by rewrite /unit_interval lexx ler01. Qed.

Lemma unit_part (h t : R) : 0 < h -> h <= t -> 0 <= h / t <= 1.
Proof.
move=> h0 ht; have t0 := lt_le_trans h0 ht.
by rewrite divr_ge0 ?(ltW h0) ?(ltW t0) //= ler_pdivr_mulr // mul1r.
Qed.

(* A convex function lies above its tangents at the ends. *)
Lemma tangent_at_0 d t : convex_on (@unit_interval R) f -> slope_at_0 f d -> 0 <= t <= 1 ->
  f 0 + d * t <= f t.
Proof.
move=> convex slope /andP[]; rewrite le_eqVlt => /orP[/eqP <- _|t0 t1]; first by rewrite mulr0 addr0.
rewrite leNgt; apply/negP => below.
pose e := (f 0 + d * t - f t) / t; have e0 : 0 < e by rewrite divr_gt0 // subr_gt0.
have [r r0 near] := slope e e0; pose h := Num.min (r / 2%:R) t.
have h0 : 0 < h by rewrite lt_minr t0 divr_gt0 // ltr0n.
have ht : h <= t by rewrite le_minl lexx orbT.
have hr : h < r.
  apply: (@le_lt_trans _ _ (r / 2%:R)); first by rewrite le_minl lexx.
  by rewrite ltr_pdivr_mulr ?ltr0n // mulr_natr mulr2n ltr_addl.
have w01 := unit_part h0 ht; have Dt : unit_interval t by rewrite /unit_interval (ltW t0).
have [_] := convex t 0 (h / t) Dt unit0 w01; rewrite mulr0 addr0 divfK ?gt_eqF // => chord.
have := near h; rewrite h0 hr => /(_ isT); rewrite ltr_norml => /andP[+ _]; apply/negP; rewrite -leNgt.
rewrite ler_subl_addr ler_pdivr_mulr //.
have -> : (- e + d) * h = h / t * (f t - f 0) by rewrite /e; field; rewrite gt_eqF.
by apply: (le_from chord); ring.
Qed.

Lemma tangent_at_1 d t : convex_on (@unit_interval R) f -> slope_at_1 f d -> 0 <= t <= 1 ->
  f 1 - d * (1 - t) <= f t.
Proof.
move=> convex slope /andP[t0]; rewrite le_eqVlt => /orP[/eqP -> |t1]; first by rewrite subrr mulr0 subr0.
rewrite leNgt; apply/negP => below; have s0 : 0 < 1 - t by rewrite subr_gt0.
pose e := (f 1 - d * (1 - t) - f t) / (1 - t); have e0 : 0 < e by rewrite divr_gt0 // subr_gt0.
have [r r0 near] := slope e e0; pose h := Num.min (r / 2%:R) (1 - t).
have h0 : 0 < h by rewrite lt_minr s0 divr_gt0 // ltr0n.
have ht : h <= 1 - t by rewrite le_minl lexx orbT.
have hr : h < r.
  apply: (@le_lt_trans _ _ (r / 2%:R)); first by rewrite le_minl lexx.
  by rewrite ltr_pdivr_mulr ?ltr0n // mulr_natr mulr2n ltr_addl.
have w01 := unit_part h0 ht; have Dt : unit_interval t by rewrite /unit_interval t0 ltW.
have [_] := convex t 1 (h / (1 - t)) Dt unit1 w01.
have -> : h / (1 - t) * t + (1 - h / (1 - t)) * 1 = 1 - h by field; rewrite gt_eqF.
move=> chord; have := near h; rewrite h0 hr => /(_ isT); rewrite ltr_norml => /andP[_]; apply/negP; rewrite -leNgt.
rewrite ler_subr_addr ler_pdivl_mulr //.
have -> : (e + d) * h = h / (1 - t) * (f 1 - f t) by rewrite /e; field; rewrite gt_eqF.
by move: chord; move: (f (1 - h)) (h / _) => q w chord; apply: (le_from chord); ring.
Qed.

Lemma slope0_le0 d : falling_on_unit f -> slope_at_0 f d -> d <= 0.
Proof.
move=> falls slope; rewrite leNgt; apply/negP => d0; have [r r0 near] := slope d d0.
pose h := Num.min (r / 2%:R) 1; have h0 : 0 < h by rewrite lt_minr ltr01 divr_gt0 // ltr0n.
have h1 : h <= 1 by rewrite le_minl lexx orbT.
have hr : h < r.
  apply: (@le_lt_trans _ _ (r / 2%:R)); first by rewrite le_minl lexx.
  by rewrite ltr_pdivr_mulr ?ltr0n // mulr_natr mulr2n ltr_addl.
have := near h; rewrite h0 hr => /(_ isT); rewrite ltr_norml => /andP[+ _].
rewrite ltr_subr_addr addNr; apply/negP; rewrite -leNgt mulr_le0_ge0 ?invr_ge0 ?(ltW h0) //.
by rewrite subr_le0 falls ?lexx ?(ltW h0).
Qed.

Lemma slope1_le0 d : falling_on_unit f -> slope_at_1 f d -> d <= 0.
Proof.
move=> falls slope; rewrite leNgt; apply/negP => d0; have [r r0 near] := slope d d0.
pose h := Num.min (r / 2%:R) 1; have h0 : 0 < h by rewrite lt_minr ltr01 divr_gt0 // ltr0n.
have h1 : h <= 1 by rewrite le_minl lexx orbT.
have hr : h < r.
  apply: (@le_lt_trans _ _ (r / 2%:R)); first by rewrite le_minl lexx.
  by rewrite ltr_pdivr_mulr ?ltr0n // mulr_natr mulr2n ltr_addl.
have := near h; rewrite h0 hr => /(_ isT); rewrite ltr_norml => /andP[+ _].
rewrite ltr_subr_addr addNr; apply/negP; rewrite -leNgt mulr_le0_ge0 ?invr_ge0 ?(ltW h0) //.
by rewrite subr_le0 falls ?subr_ge0 ?h1 ?ler_subl_addr ?ler_addl ?(ltW h0) ?lexx.
Qed.

(* In slopes, without division. *)
Lemma vertex_best_slopes d0 d1 : convex_on (@unit_interval R) f -> slope_at_0 f d0 -> slope_at_1 f d1 ->
  vertex_best L pi c <-> forall j, j != c -> pi c * d1 <= pi j * d0.
Proof.
move=> convex slope0 slope1; split=> [best j jc | slopes u].
  rewrite leNgt; apply/negP => lt; pose e := (pi c * d1 - pi j * d0) / 2%:R.
  have e0 : 0 < e by rewrite divr_gt0 ?subr_gt0 ?ltr0n.
  have [r r0 near0] := slope0 e e0; have [s s0 near1] := slope1 e e0.
  pose h := Num.min (Num.min r s / 2%:R) 1.
  have m0 : 0 < Num.min r s by rewrite lt_minr r0.
  have h0 : 0 < h by rewrite lt_minr ltr01 andbT divr_gt0 // ltr0n.
  have h1 : h <= 1 by rewrite le_minl lexx orbT.
  have hm : h < Num.min r s.
    apply: (@le_lt_trans _ _ (Num.min r s / 2%:R)); first by rewrite le_minl lexx.
    by rewrite ltr_pdivr_mulr ?ltr0n // mulr_natr mulr2n ltr_addl.
  move: hm; rewrite lt_minr => /andP[hr hs].
  have h01 : 0 <= h <= 1 by rewrite (ltW h0).
  have := best (towards_output c j h01); rewrite -subr_ge0 towards_gap // leNgt => /negP; apply.
  have := near0 h; rewrite h0 hr => /(_ isT); rewrite ltr_norml => /andP[_ up0].
  have := near1 h; rewrite h0 hs => /(_ isT); rewrite ltr_norml => /andP[low1 _].
  move: up0 low1; set q0 := (f h - f 0) / h; set q1 := (f 1 - f (1 - h)) / h => up0 low1.
  have -> : pi c * (f (1 - h) - f 1) + pi j * (f h - f 0) = h * (pi j * q0 - pi c * q1).
    by rewrite /q0 /q1; field; rewrite gt_eqF.
  rewrite pmulr_rlt0 //.
  have le0 : pi j * (q0 - d0) <= pi j * e by rewrite ler_wpmul2l ?weight_ge0 // ltW.
  have le1 : pi c * - (q1 - d1) <= pi c * e by rewrite ler_wpmul2l ?weight_ge0 // ltW // ltr_oppl.
  have total : (pi j + pi c) * e <= 1 * e.
    rewrite ler_wpmul2r ?(ltW e0) // -(weight_sum pi) (bigD1 c) //= (bigD1 j) //= addrCA addrA ler_addl.
    by apply: sumr_ge0 => i _; apply: weight_ge0.
  have split2 : pi j * d0 - pi c * d1 = - (2%:R * e) by rewrite /e; field.
  have sum_le := le_trans (ler_add le0 le1) (le_trans _ total).
  have {sum_le} sum_le : pi j * (q0 - d0) + pi c * - (q1 - d1) <= 1 * e.
    by apply: sum_le; rewrite mulrDl.
  have : pi j * q0 - pi c * q1 <= - e.
    rewrite (_ : - e = 1 * e + (pi j * d0 - pi c * d1)); last by rewrite split2; ring.
    by clear - sum_le; apply: (le_from sum_le); ring.
  by move=> /le_lt_trans; apply; rewrite oppr_lt0.
rewrite -subr_ge0 risk_gap.
have own : pi c * (d1 * - (1 - u c)) <= pi c * (f (u c) - f 1).
  rewrite ler_wpmul2l ?weight_ge0 // ler_subr_addl mulrN.
  by apply: tangent_at_1 => //; rewrite weight_ge0 weight_le1.
have others : \sum_(j | j != c) pi j * (d0 * u j) <= \sum_(j | j != c) pi j * (f (u j) - f 0).
  apply: ler_sum => j _; rewrite ler_wpmul2l ?weight_ge0 // ler_subr_addl.
  by apply: tangent_at_0 => //; rewrite weight_ge0 weight_le1.
apply: le_trans (ler_add own others); rewrite -(rest_of c) mulrN mulrN !mulr_sumr -sumrN -big_split /=.
apply: sumr_ge0 => j jc; have := slopes j jc; rewrite -subr_ge0 => gap.
by apply: (le_from (mulr_ge0 (weight_ge0 u j) gap)); ring.
Qed.

(* claim: A1; every K >= 2, f finite at 0, slopes by epsilon and delta, finite or minus infinity at 0 *)
(* f convex and falling, of slope d0 at 0 and d1 != 0 at 1, rho = |d0|/|d1|: the vertex of c has the least conditional risk exactly when pi_c >= rho pi_j for every other j. *)
Theorem A1 d0 d1 : convex_on (@unit_interval R) f -> falling_on_unit f ->
  slope_at_0 f d0 -> slope_at_1 f d1 -> d1 != 0 ->
  vertex_best L pi c <-> forall j, j != c -> `|d0| / `|d1| * pi j <= pi c.
Proof.
move=> convex falls slope0 slope1 d1_0; rewrite (vertex_best_slopes convex slope0 slope1).
have d1_lt : d1 < 0 by rewrite lt_neqAle d1_0 (slope1_le0 falls slope1).
rewrite (ler0_norm (slope0_le0 falls slope0)) (ltr0_norm d1_lt).
have each j : (- d0 / - d1 * pi j <= pi c) = (pi c * d1 <= pi j * d0).
  by rewrite mulrAC ler_pdivr_mulr ?oppr_gt0 // mulrN mulNr ler_opp2 [d0 * _]mulrC.
by split=> all j /all; rewrite each.
Qed.

(* claim: A1; every K >= 2, f finite at 0, slopes by epsilon and delta, finite or minus infinity at 0 *)
(* f convex, of slope minus infinity at 0: the vertex of c has not the least conditional risk where another label has weight. *)
Theorem A1_steep j : convex_on (@unit_interval R) f -> steep_at_0 f -> j != c -> 0 < pi j ->
  ~ vertex_best L pi c.
Proof.
move=> convex steep jc pj best.
have [r r0 near] := steep (- (pi c * (f 0 - f 1)) / pi j).
pose h := Num.min (r / 2%:R) 1; have h0 : 0 < h by rewrite lt_minr ltr01 divr_gt0 // ltr0n.
have h1 : h <= 1 by rewrite le_minl lexx orbT.
have hr : h < r.
  apply: (@le_lt_trans _ _ (r / 2%:R)); first by rewrite le_minl lexx.
  by rewrite ltr_pdivr_mulr ?ltr0n // mulr_natr mulr2n ltr_addl.
have h01 : 0 <= h <= 1 by rewrite (ltW h0).
have := best (towards_output c j h01); rewrite -subr_ge0 towards_gap // leNgt => /negP; apply.
have := near h; rewrite h0 hr => /(_ isT); rewrite ltr_pdivr_mulr // mulrAC ltr_pdivl_mulr // => lt.
have [_] := convex 0 1 h unit0 unit1 h01; rewrite mulr0 add0r mulr1 => chord.
have le : pi c * (f (1 - h) - f 1) <= pi c * (h * (f 0 - f 1)).
  by rewrite ler_wpmul2l ?weight_ge0 //; apply: (le_from chord); ring.
clear chord; move: le lt; move: (f (1 - h)) => q le lt.
by apply: (lt_from (ler_lt_add le lt)); ring.
Qed.

(* claim: A1; every K >= 2, f nowhere below its chord *)
(* f nowhere below its chord, f(1) < f(0): the vertex of c has the least conditional risk exactly when c is a likeliest label. *)
Theorem A1_chord : above_chord_on_unit f -> f 1 < f 0 ->
  vertex_best L pi c <-> forall j, j != c -> pi j <= pi c.
Proof.
move=> above drop; have drop0 : 0 < f 0 - f 1 by rewrite subr_gt0.
split=> [best j jc | largest u].
  have one01 : 0 <= (1 : R) <= 1 by rewrite ler01 lexx.
  have := best (towards_output c j one01); rewrite -subr_ge0 towards_gap // subrr.
  have -> : pi c * (f 0 - f 1) + pi j * (f 1 - f 0) = (pi c - pi j) * (f 0 - f 1) by ring.
  by rewrite pmulr_lge0 // subr_ge0.
have chord t : 0 <= t <= 1 -> (1 - t) * (f 0 - f 1) <= f t - f 1 /\ - (t * (f 0 - f 1)) <= f t - f 0.
  by move=> /above le; split; apply: (le_from le); ring.
have u01 j : 0 <= u j <= 1 by rewrite weight_ge0 weight_le1.
rewrite -subr_ge0 risk_gap.
have own := ler_wpmul2l (weight_ge0 pi c) (chord _ (u01 c)).1.
have others : \sum_(j | j != c) pi j * - (u j * (f 0 - f 1)) <= \sum_(j | j != c) pi j * (f (u j) - f 0).
  by apply: ler_sum => j _; rewrite ler_wpmul2l ?weight_ge0 //; apply: (chord _ (u01 j)).2.
apply: le_trans (ler_add own others); rewrite -(rest_of c) mulr_suml mulr_sumr -big_split /=.
apply: sumr_ge0 => j jc; have := largest j jc; rewrite -subr_ge0 => gap.
by apply: (le_from (mulr_ge0 (mulr_ge0 (weight_ge0 u j) gap) (ltW drop0))); ring.
Qed.
End A1.

Section A2.
Variables (R : realFieldType) (k : nat) (f : R -> R) (c : 'I_k.+2).
Local Notation K := k.+2.
Local Notation L := (of_label f : loss R K (simplex R K)).

Lemma uniform_noise_ge0 (eta : R) : 0 <= eta <= 1 -> forall j, 0 <= uniform_noise eta c j.
Proof.
case/andP=> e0 e1 j; rewrite /uniform_noise; case: ifP => _; first by rewrite subr_ge0.
by rewrite divr_ge0 // subr_ge0 ltW // K_gt1.
Qed.

Lemma uniform_noise_sum (eta : R) : \sum_j uniform_noise eta c j = 1.
Proof.
rewrite (bigD1 c) //= /uniform_noise eqxx; under eq_bigr => j /negbTE -> do [].
by rewrite sum_others /flip; field; apply: K1_neq0.
Qed.

(* The posterior of a sample of class c. *)
Definition noisy_label (eta : R) (e01 : 0 <= eta <= 1) : simplex R K :=
  @Dist R (ordinal_finType K) (uniform_noise eta c) (uniform_noise_ge0 e01) (uniform_noise_sum eta).

Lemma rate_condition (rho eta : R) : 0 <= rho ->
  (rho * flip K eta <= 1 - eta) = (eta <= (K%:R - 1) / (K%:R - 1 + rho)).
Proof.
move=> rho0; have K1 : 0 < K%:R - 1 :> R by rewrite subr_gt0 K_gt1.
have both : 0 < K%:R - 1 + rho by rewrite ltr_paddr.
rewrite ler_pdivl_mulr // -[LHS](ler_pmul2r K1).
have -> : rho * flip K eta * (K%:R - 1) = rho * eta by rewrite /flip -mulrA divfK // gt_eqF.
by rewrite -[LHS]subr_ge0 -[RHS]subr_ge0; congr (0 <= _); ring.
Qed.

(* part of: A2; every K >= 2, f finite at 0, slopes by epsilon and delta *)
(* The vertex of the clean class has the least noisy risk exactly at the rates up to (K-1)/(K-1+rho); at no positive rate where the slope at 0 is infinite. *)
Theorem A2 d0 d1 eta : convex_on (@unit_interval R) f -> falling_on_unit f -> 0 <= eta <= 1 ->
  (slope_at_0 f d0 -> slope_at_1 f d1 -> d1 != 0 ->
    (vertex_best L (uniform_noise eta c) c <-> eta <= (K%:R - 1) / (K%:R - 1 + `|d0| / `|d1|))) /\
  (steep_at_0 f -> (vertex_best L (uniform_noise eta c) c <-> eta = 0)).
Proof.
move=> convex falls e01; pose pi := noisy_label e01.
have other (j : 'I_K) : j != c -> uniform_noise eta c j = flip K eta by rewrite /uniform_noise => /negbTE ->.
have [j jc] : exists j : 'I_K, j != c.
  by have [-> | c0] := eqVneq c ord0; [exists (lift ord0 ord0) | exists ord0; rewrite eq_sym].
split=> [slope0 slope1 d1_0 | steep].
  have rho0 : 0 <= `|d0| / `|d1| by rewrite divr_ge0.
  rewrite -(rate_condition _ rho0); split=> [/(A1 pi c convex falls slope0 slope1 d1_0)/(_ j jc) | le].
    by rewrite /= other // /uniform_noise eqxx.
  apply/(A1 pi c convex falls slope0 slope1 d1_0) => i ic.
  by rewrite /= other // /uniform_noise eqxx.
split=> [best | -> u].
  apply/eqP; rewrite eq_le; case/andP: (e01) => -> _; rewrite andbT leNgt; apply/negP => e0.
  apply: (@A1_steep _ _ f pi c j convex steep jc) => //=.
  by rewrite other // divr_gt0 // subr_gt0 K_gt1.
rewrite -subr_ge0 risk_gap big1 ?addr0 => [|i ic].
  by rewrite /uniform_noise eqxx subr0 mul1r subr_ge0 falls ?weight_ge0 ?weight_le1 ?lexx.
by rewrite /uniform_noise (negbTE ic) /flip mul0r mul0r.
Qed.
End A2.
