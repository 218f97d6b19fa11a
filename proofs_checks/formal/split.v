(* R8, R9, Y1: every loss is a symmetric part and one that does not see the label; and concave losses. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry risk losses minimisers.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* L - S/K + c. *)
Definition symmetrised (R : realFieldType) K U (L : loss R K U) (c : R) : loss R K U :=
  fun u y => L u y - label_sum L u / K%:R + c.

Section Split.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Implicit Types (L : loss R K U).

Lemma label_sum_symmetrised L c u : label_sum (symmetrised L c) u = K%:R * c.
Proof.
have sumE : \sum_y L u y = label_sum L u by [].
rewrite /label_sum /symmetrised big_split sumrB /= !sumr_const card_ord sumE -[c *+ _]mulr_natl.
by rewrite -[(label_sum L u / _) *+ _]mulr_natl mulrCA divff ?pnatr_eq0 // mulr1 subrr add0r.
Qed.

(* The mean of a loss over the noisy label of class i. *)
Lemma noisy_split L eta u i :
  \sum_j uniform_noise eta i j * L u j = slope K eta * symmetrised L 0 u i + label_sum L u / K%:R.
Proof.
rewrite noisy_loss /symmetrised addr0; set S := label_sum L u; set l := L u i.
by rewrite /flip /slope; field; rewrite K_neq0 K1_neq0.
Qed.

(* claim: R8; every K >= 2, every rate, every loss on any set of outputs, finite input distributions *)
(* L_sym = L - S/K has label sum 0, R^eta = a R_sym + E[S]/K at each input and in the mean, and no other split of L has a first part of label sum 0 and a second that is alike for all labels. *)
Theorem R8 L eta :
  [/\ symmetric (symmetrised L 0) 0,
      forall u i, \sum_j uniform_noise eta i j * L u j = slope K eta * symmetrised L 0 u i + label_sum L u / K%:R,
      forall (P : problem R K) (h : input P -> U), uniform_risk L eta h
        = slope K eta * risk (symmetrised L 0) h + (\sum_x prob P x * label_sum L (h x)) / K%:R
    & forall (A : loss R K U) (B : U -> R), symmetric A 0 -> (forall u y, L u y = A u y + B u) ->
        forall u y, A u y = symmetrised L 0 u y /\ B u = label_sum L u / K%:R].
Proof.
split=> [u | u i | P h | A B A0 LE u y]; first by rewrite label_sum_symmetrised mulr0.
- exact: noisy_split.
- rewrite /uniform_risk /noisy_risk /risk mulr_sumr mulr_suml -big_split /=; apply: eq_bigr => x _.
  rewrite mulrCA -mulrA -mulrDr; congr (_ * _).
  under eq_bigr => i _ do rewrite noisy_split addrC.
  by rewrite mean_affine addrC.
have K0 : K%:R != 0 :> R by rewrite pnatr_eq0.
have SE : label_sum L u = K%:R * B u.
  have A_sum : \sum_y A u y = 0 := A0 u.
  rewrite /label_sum; under eq_bigr => j _ do rewrite LE.
  by rewrite big_split /= A_sum add0r sumr_const card_ord mulr_natl.
have -> : label_sum L u / K%:R = B u by rewrite SE mulrAC divff // mul1r.
by rewrite /symmetrised SE LE mulrAC divff // mul1r addrK addr0.
Qed.

(* claim: R9; every K >= 2, every loss, T with an inverse V, on any set of outputs; uniform noise below the threshold *)
(* If T V = 1 the corrected loss V L has the mean L(u, i) over the noisy label of class i; under uniform noise it is L_sym/a + S/K = (L - b S)/a, with the label sum of L. *)
Theorem R9 L (T V : noise R K) (eta : R) :
  (forall i m, \sum_j T i j * V j m = (i == m)%:R) -> eta < threshold R K ->
  let corrected u j := \sum_m V j m * L u m in
  let backward : loss R K U := fun u y => (L u y - flip K eta * label_sum L u) / slope K eta in
  [/\ forall u i, \sum_j T i j * corrected u j = L u i,
      forall u i, \sum_j uniform_noise eta i j * backward u j = L u i,
      forall u y, backward u y = symmetrised L 0 u y / slope K eta + label_sum L u / K%:R
    & forall u, label_sum backward u = label_sum L u].
Proof.
move=> inverse below corrected backward.
have a0 : slope K eta != 0 by rewrite gt_eqF // slope_gt0.
have form u y : backward u y = symmetrised L 0 u y / slope K eta + label_sum L u / K%:R.
  rewrite /backward /symmetrised addr0; set S := label_sum L u; set l := L u y.
  have -> : flip K eta = (1 - slope K eta) / K%:R by rewrite /flip /slope; field; rewrite K_neq0 K1_neq0.
  by move: a0; set a := slope K eta => a0; field; rewrite K_neq0 a0.
have sums u : label_sum backward u = label_sum L u.
  rewrite /label_sum /backward -mulr_suml sumrB sumr_const card_ord -[_ *+ _]mulr_natl -/(label_sum L u).
  set S := label_sum L u; apply: (mulIf a0); rewrite divfK // /slope /flip.
  by field; rewrite K1_neq0.
split=> // u i.
  rewrite /corrected; under eq_bigr => j _ do rewrite mulr_sumr.
  have inner m : \sum_j T i j * (V j m * L u m) = (i == m)%:R * L u m.
    by rewrite -inverse mulr_suml; apply: eq_bigr => j _; rewrite mulrA.
  rewrite exchange_big /=; under eq_bigr => m _ do rewrite inner.
  by rewrite (bigD1 i) //= eqxx mul1r big1 ?addr0 // => m /negbTE mi; rewrite eq_sym mi mul0r.
by rewrite noisy_loss sums /backward [X in _ + X]mulrC divfK // addrC subrK.
Qed.
End Split.

Section Symmetrised.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).

(* claim: R8.smoothing; every K >= 2, every rate, any function phi of u_y in place of -log *)
(* The mean of phi(u_y) over noisy labels is (1 - s) phi(u_y) + s times the mean of phi over all classes, with s = eta K/(K-1). *)
Theorem R8_smoothing (phi : R -> R) (eta : R) (u : simplex) (y : 'I_K) :
  let s := eta * K%:R / (K%:R - 1) in
  \sum_j uniform_noise eta y j * of_label phi u j = (1 - s) * phi (u y) + s * (\sum_i phi (u i) / K%:R).
Proof.
rewrite /= noisy_loss /of_label /label_sum -mulr_suml; set S := \sum_i _.
by rewrite /flip /slope; field; rewrite K_neq0 K1_neq0.
Qed.

(* claim: Y1; every K >= 2; any phi in place of log(alpha + t); CCE as l - z_y, with l = log sum exp z *)
(* L - S/K + c is symmetric with C = K c; of -phi(u_y) it is (K-1)/K times RLL, of MSE it is MAE, of l - z_y it is -z_y and the mean of z. *)
Theorem Y1 (L : loss R K simplex) (c l : R) (phi z : R -> R) :
  [/\ symmetric (symmetrised L c) (K%:R * c),
      forall (u : simplex) y, symmetrised (of_label (fun t => - phi t)) ((K%:R - 1) / K%:R * (phi 1 - phi 0)) u y
        = (K%:R - 1) / K%:R * rll phi u y,
      forall (u : simplex) y, symmetrised (@mse R K) (2%:R - 2%:R / K%:R) u y = mae u y
    & forall (u : simplex) y, symmetrised (of_label (fun t => l - z t)) 0 u y
        = - z (u y) + (\sum_i z (u i)) / K%:R].
Proof.
split=> [u | u y | u y | u y]; first exact: label_sum_symmetrised.
- rewrite /symmetrised /rll /separable /label_sum /of_label -mulr_suml sumrN.
  rewrite [X in - X / K%:R](bigD1 y) //=; set others := \sum_(_ | _) _.
  by set a := phi 1; set b := phi 0; set d := phi (u y); field; rewrite K_neq0 K1_neq0.
- rewrite /symmetrised label_sum_mse mseE maeE; set s := \sum_i _; set p := u y.
  by field; rewrite K_neq0.
rewrite /symmetrised /label_sum /of_label sumrB sumr_const card_ord -[l *+ _]mulr_natl.
by set s := \sum_i _; set p := z (u y); field; rewrite K_neq0.
Qed.

(* claim: S4.signs; every K >= 2, every rate up to the threshold *)
(* Under uniform noise w_i = (K pi_i - 1)/(K-1) is >= 0 for the clean class and <= 0 for all others. *)
Theorem weight_signs (eta : R) (c i : 'I_K) : 0 <= eta <= threshold R K ->
  let w j := (K%:R * uniform_noise eta c j - 1) / (K%:R - 1) in
  0 <= w c /\ (i != c -> w i <= 0).
Proof.
case/andP=> eta0 below w; have K0 : 0 < K%:R :> R by rewrite ltr0n.
have K1 : 0 < K%:R - 1 :> R by rewrite subr_gt0 K_gt1.
have small : K%:R * eta <= K%:R - 1 by rewrite mulrC -ler_pdivl_mulr.
have gap : 0 <= K%:R - 1 - K%:R * eta by rewrite subr_ge0.
split=> [|ic]; rewrite /w /uniform_noise.
  rewrite eqxx divr_ge0 ?(ltW K1) //; apply: (le_from gap); ring.
rewrite (negbTE ic) mulr_le0_ge0 ?invr_ge0 ?(ltW K1) // /flip.
by rewrite subr_le0 mulrA ler_pdivr_mulr // mul1r.
Qed.

Lemma conditional_separable (f g : R -> R) (pi u : simplex) :
  conditional (separable f g) pi u = \sum_i (pi i * f (u i) + (1 - pi i) * g (u i)).
Proof.
have others j : \sum_(i | i != j) g (u i) = \sum_i g (u i) - g (u j).
  by rewrite [X in X - _](bigD1 j) //= [X in X - _]addrC addrK.
rewrite /conditional /separable; under eq_bigr => j _ do rewrite others mulrDr mulrBr addrA.
rewrite sumrB big_split /= -mulr_suml weight_sum mul1r; under [in RHS]eq_bigr => j _ do rewrite mulrBl mul1r.
by rewrite big_split sumrB /= addrA.
Qed.

Lemma above_chord (F : R -> R) t : convex_on (@unit_interval R) (fun t => - F t) -> 0 <= t <= 1 ->
  t * F 1 + (1 - t) * F 0 <= F t.
Proof.
move=> concave t01; have D1 : unit_interval (1 : R) by rewrite /unit_interval ler01 lexx.
have D0 : unit_interval (0 : R) by rewrite /unit_interval ler01 lexx.
have [_] := concave 1 0 t D1 D0 t01; rewrite mulr1 mulr0 addr0 !mulrN -opprD ler_opp2.
by [].
Qed.

(* claim: R4.concave; every K >= 2, f and g concave on [0, 1] *)
(* Every conditional risk is least at the vertex of a likeliest label; so is the noisy risk of a certain label, for every row of noise in which it is likeliest. *)
Theorem R4_concave (f g : R -> R) (pi : simplex) (m : 'I_K) (u : simplex) :
  convex_on (@unit_interval R) (fun t => - f t) -> convex_on (@unit_interval R) (fun t => - g t) ->
  g 0 - g 1 < f 0 - f 1 -> (forall j, pi j <= pi m) ->
  conditional (separable f g) pi (vertex R m) <= conditional (separable f g) pi u.
Proof.
move=> cf cg gap largest; rewrite !conditional_separable.
pose h i t := pi i * f t + (1 - pi i) * g t; pose d i := h i 1 - h i 0.
have at_vertex : \sum_i h i (vertex R m i) = \sum_i h i 0 + d m.
  rewrite -[d m](point_mean (m : ordinal_finType K) d) -big_split /=; apply: eq_bigr => i _.
  by case: eqP => _; rewrite ?mulr1n ?mulr0n ?mul1r ?mul0r ?addr0 // /d addrC subrK.
rewrite [leLHS]at_vertex; apply: (@le_trans _ _ (\sum_i (h i 0 + u i * d i))).
  rewrite [leRHS]big_split /= ler_add2l -[d m]mul1r -(weight_sum u) mulr_suml.
  apply: ler_sum => i _; rewrite ler_wpmul2l ?weight_ge0 // -subr_ge0.
  have -> : d i - d m = (pi m - pi i) * ((f 0 - f 1) - (g 0 - g 1)) by rewrite /d /h; ring.
  by rewrite mulr_ge0 // subr_ge0 ?largest // ltW.
apply: ler_sum => i _; have u01 : 0 <= u i <= 1 by rewrite weight_ge0 weight_le1.
have p0 : 0 <= pi i := weight_ge0 pi i; have p1 : 0 <= 1 - pi i by rewrite subr_ge0 weight_le1.
have := ler_add (ler_wpmul2l p0 (above_chord cf u01)) (ler_wpmul2l p1 (above_chord cg u01)).
by move=> le; apply: (le_from le); rewrite /d /h; ring.
Qed.

(* claim: N3.mae; every K >= 2 *)
(* Every output that is 0 on all labels less likely than the likeliest has the least conditional risk under MAE. *)
Theorem N3_mae_face (pi u : simplex) (m : 'I_K) : (forall j, pi j <= pi m) ->
  (forall j, pi j < pi m -> u j = 0) -> conditional (@mae R K) pi u = conditional (@mae R K) pi (vertex R m).
Proof.
move=> largest zero; rewrite !conditional_mae sum_vertex; congr (_ * (1 - _)).
rewrite -[RHS]mulr1 -(weight_sum u) mulr_sumr; apply: eq_bigr => i _.
have := largest i; rewrite le_eqVlt => /orP[/eqP -> // | lt].
by rewrite (zero i lt) !mulr0.
Qed.
End Symmetrised.
