(* S1 to S3: when the sum of a loss over all labels is constant. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section S1.
Variables (R : realFieldType) (K : nat) (f g : R -> R).
Local Notation G := (generator K f g).

Lemma separable_sum u : label_sum (separable (K := K) f g) u = \sum_i G (u i).
Proof.
rewrite /label_sum /separable !big_split /=; congr (_ + _).
have others y : \sum_(i | i != y) g (u i) = \sum_i g (u i) - g (u y).
  by rewrite [X in X - _](bigD1 y) //= [X in X - _]addrC addrK.
under eq_bigr => y _ do rewrite others.
rewrite sumrB sumr_const card_ord -mulr_sumr mulrBl mul1r.
by rewrite mulr_natl.
Qed.

(* claim: S1; every K *)
(* If G is affine on [0, 1], the label sum is (K-1) G(0) + G(1) at every output. *)
Theorem S1 : affine_on_unit G ->
  symmetric (separable (K := K) f g) ((K%:R - 1) * G 0 + G 1).
Proof.
move=> affine u; rewrite separable_sum.
under eq_bigr => i _ do rewrite affine ?weight_ge0 ?weight_le1 // mulrC.
rewrite big_split /= -mulr_sumr weight_sum sumr_const card_ord -mulr_natl.
by ring.
Qed.
End S1.

Section Jensen.
Variables (R : realFieldType) (D : R -> Prop) (G : R -> R).
Hypothesis convex : convex_on D G.

(* The mean of n + 1 points, one after the other. *)
Lemma jensen n (x : nat -> R) : (forall i, (i <= n)%N -> D (x i)) ->
  let mean (F : R -> R) := (\sum_(0 <= i < n.+1) F (x i)) / n.+1%:R in
  D (mean id) /\ G (mean id) <= mean G.
Proof.
elim: n => [|n IH] Dx /=.
  by rewrite !big_nat1 !divr1; split; [apply: Dx | ].
have [i le|] := IH; first by apply: Dx; apply: leqW.
set m := _ / _ => Dm Gm; rewrite !(big_nat_recr n.+1) //=.
set sG := \sum_(_ <= _ < _) _ in Gm *; set s := \sum_(_ <= _ < _) _ in m Dm Gm *.
pose t : R := n.+1%:R / n.+2%:R.
have n1 : 0 < n.+1%:R :> R by rewrite ltr0n.
have n2 : 0 < n.+2%:R :> R by rewrite ltr0n.
have t01 : 0 <= t <= 1.
  by rewrite divr_ge0 ?ler0n //= ler_pdivr_mulr // mul1r ler_nat.
have parts (z y : R) : (z + y) / n.+2%:R = t * (z / n.+1%:R) + (1 - t) * y.
  rewrite /t; move: n1 n2; rewrite [n.+2%:R]mulrSr; move: (n.+1%:R) => N n1 n2.
  by field; rewrite !gt_eqF.
have [Dt Gt] := convex Dm (Dx n.+1 (leqnn _)) t01.
rewrite !parts; split=> //; apply: le_trans Gt _.
by rewrite ler_add2r ler_wpmul2l //; case/andP: t01.
Qed.
End Jensen.

Section S2.
Variables (R : realFieldType) (k : nat) (f g : R -> R).
Local Notation K := k.+1.
Local Notation G := (generator K f g).
Local Notation S := (label_sum (separable (K := K) f g)).

Lemma jensen_simplex (D : R -> Prop) : convex_on D G ->
  forall u : simplex R K, (forall i, D (u i)) -> K%:R * G K%:R^-1 <= S u.
Proof.
move=> convex u Du; rewrite separable_sum.
pose x i := u (inord i).
have [|_] := @jensen _ _ _ convex k x _; first by move=> i _; apply: Du.
have sums (F : R -> R) : \sum_(0 <= i < K) F (x i) = \sum_i F (u i).
  by rewrite big_mkord; apply: eq_bigr => i _; rewrite /x inord_val.
rewrite (sums id) sums weight_sum div1r ler_pdivl_mulr ?ltr0n //.
by rewrite mulrC.
Qed.

Lemma vertex_sum (y : 'I_K) : S (vertex R y) = G 1 + (K%:R - 1) * G 0.
Proof.
rewrite separable_sum (bigD1 y) //= eqxx; congr (_ + _).
under eq_bigr => i /negbTE -> do [].
rewrite sumr_const (eq_card (_ : _ =i predC1 y)) // cardC1 card_ord -[G 0 *+ _]mulr_natl.
by congr (_ * _); rewrite /= [k.+1%:R]mulrSr addrK.
Qed.

Lemma uniform_sum_separable : S (uniform R k) = K%:R * G K%:R^-1.
Proof. by rewrite separable_sum /= sumr_const card_ord mulr_natl. Qed.

(* claim: S2; every K, G convex on [0, 1] *)
(* If G is convex on [0, 1], S lies between its values K G(1/K) at the uniform output and G(1) + (K-1) G(0) at the vertices. *)
Theorem S2 : convex_on (@unit_interval R) G ->
  [/\ forall u, K%:R * G K%:R^-1 <= S u <= G 1 + (K%:R - 1) * G 0,
      S (uniform R k) = K%:R * G K%:R^-1
    & forall y, S (vertex R y) = G 1 + (K%:R - 1) * G 0].
Proof.
move=> convex; split; [|exact: uniform_sum_separable|exact: vertex_sum].
move=> u; have range i : unit_interval (u i) by rewrite /unit_interval weight_ge0 weight_le1.
rewrite (jensen_simplex convex range) separable_sum /=.
have -> : G 1 + (K%:R - 1) * G 0 = \sum_i (u i * G 1 + (1 - u i) * G 0).
  rewrite big_split /= -!mulr_suml sumrB !weight_sum sumr_const card_ord mul1r.
  by [].
apply: ler_sum => i _.
have D1 : unit_interval (1 : R) by rewrite /unit_interval ler01 lexx.
have D0 : unit_interval (0 : R) by rewrite /unit_interval ler01 lexx.
by have [_] := convex 1 0 (u i) D1 D0 (range i); rewrite mulr1 mulr0 addr0.
Qed.

(* Infinite at 0, as for the logarithm: only the lower end is left. *)
(* part of: S2; every K, G convex on (0, 1), outputs without a 0 *)
(* Where G is convex on (0, 1] only, S is at least K G(1/K) at every output without a 0. *)
Theorem S2_interior : convex_on (fun t => 0 < t <= 1) G ->
  forall u, interior u -> K%:R * G K%:R^-1 <= S u.
Proof.
by move=> convex u u0; apply: jensen_simplex convex _ _ => i; rewrite u0 weight_le1.
Qed.
End S2.

(* claim: S2; every K, G concave on [0, 1] *)
(* If G is concave on [0, 1], the vertices have the least label sum and the uniform output the largest. *)
Theorem S2_concave (R : realFieldType) (k : nat) (f g : R -> R) :
  let K := k.+1 in let G := generator K f g in let S := label_sum (separable (K := K) f g) in
  convex_on (@unit_interval R) (fun t => - G t) ->
  [/\ forall u, G 1 + (K%:R - 1) * G 0 <= S u <= K%:R * G K%:R^-1,
      S (uniform R k) = K%:R * G K%:R^-1
    & forall y, S (vertex R y) = G 1 + (K%:R - 1) * G 0].
Proof.
move=> K G S convex; split; [|exact: uniform_sum_separable|exact: vertex_sum].
move=> u; pose f' t := - f t; pose g' t := - g t.
have GE t : generator K f' g' t = - G t by rewrite /generator /f' /g' /G /generator; ring.
have SE : S u = - label_sum (separable (K := K) f' g') u.
  by rewrite /S !separable_sum -sumrN; apply: eq_bigr => i _; rewrite GE opprK.
have [|range _ _] := @S2 R k f' g'.
  by move=> a b t Da Db t01; rewrite !GE; apply: convex.
by have := range u; rewrite SE !GE ler_oppr ler_oppl !mulrN -opprD andbC.
Qed.

Section S3.
Variables (R : realFieldType) (K : nat) (U : Type).
Implicit Types L M : loss R K U.

(* claim: S3; every K, S different from 0 *)
(* L/S has the label sum 1 wherever S is not 0. *)
Theorem S3 L : (forall u, label_sum L u != 0) -> symmetric (normalised L) 1.
Proof. by move=> S0 u; rewrite /label_sum -mulr_suml mulfV ?S0. Qed.

(* claim: S3.sum; every K, every factor *)
(* The sum of two symmetric losses has the constant C + D, and c times a symmetric loss has c C. *)
Theorem S3_sum L M c C D : symmetric L C -> symmetric M D ->
  symmetric (fun u y => L u y + M u y) (C + D) /\ symmetric (fun u y => c * L u y) (c * C).
Proof.
move=> symL symM; split=> u; rewrite /label_sum.
  by rewrite big_split /= -(symL u) -(symM u).
by rewrite -mulr_sumr -(symL u).
Qed.
End S3.
