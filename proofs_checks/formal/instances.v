(* For each theorem about any ordered field an instance, over the rationals, that satisfies its hypotheses. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import hypotheses examples definitions symmetry affine risk bounds converse.
From Lossmatters Require Import gradient losses largest memorization minimisers needed split vertex.
From Lossmatters Require Import sharp validation openly.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* The rational numbers, sealed: nothing below computes with fractions, which would take long. *)
Lemma rationals : archiFieldType. Proof. exact: [archiFieldType of rat]. Qed.

Local Notation QA := rationals.
Local Notation Q := (Num.ArchimedeanField.realFieldType rationals).
Local Notation falling := (fun t : Q => 1 - t).
Local Notation none := (fun=> 0 : Q).
Local Notation one_input := (Problem (point Q tt) (fun=> uniform Q 2)).
Local Notation sure_input := (Problem (point Q tt) (fun=> vertex Q (ord0 : 'I_3))).
Local Notation unsure := (fun=> uniform Q 2).
Local Notation sure := (fun=> vertex Q (ord0 : 'I_3)).
Local Notation two_outputs :=
  (fun (u : bool) (y : 'I_3) => if u then (if y == ord0 then 0 else 2%:R) else 1 : Q).
Local Notation one_spared :=
  (fun (u : bool) (y : 'I_3) =>
    if u then (if y == ord0 then 0 else 1) else if y == lift ord0 ord0 then 2%:R else 0 : Q).

(* What there is one of, whatever came before. *)
Ltac datum := lazymatch goal with
  | |- unit => exact tt
  | |- @sigT ?A _ => lazymatch eval hnf in A with
    | Num.RealField.type => exists Q
    | nat => exists 1%N
    | Num.ArchimedeanField.type => exists QA
    | Type => exists (simplex Q 3)
    | _ => lazymatch A with
      | Num.RealField.sort _ => exists (3%:R^-1)
      | simplex _ _ => exists (uniform _ _)
      | ordinal _ => exists ord0
      | problem _ _ => exists one_input
      | (input _ -> _) => exists unsure
      end
    end
  end.
Ltac data := repeat datum.

(* A relation between numbers, of those that occur below. *)
Ltac numbers := intros; first [by [] | exact: rate | exact: below | exact: rate_ge0 | exact: rate_le
  | exact: third | exact: half | exact: (ltW (third _)) | exact: half01 | exact: third01 | exact: at_threshold
  | exact: beyond | exact: small | exact: small_rate | exact: small_share | exact: two_thirds
  | exact: slope_between | exact: slope_neq0 | exact: C_gt0 | exact: C_ge
  | by rewrite /= ?ltr01 ?ler01 ?ltr1n ?ler0n ?oppr_eq0 ?oner_eq0 ?subrr ?subr0 ?expr0n ?expr1n ?ltr01 ?lexx].

Lemma falling_continuous : continuous_on_unit (generator 3 falling none : QA -> QA).
Proof.
move=> t _ e e0; exists e => // s _ near; rewrite /generator.
have -> : 1 - s + (3%:R - 1) * 0 - (1 - t + (3%:R - 1) * 0) = - (s - t) by ring.
by rewrite normrN.
Qed.

Lemma mse_uniform : label_sum (@mse Q 3) (uniform Q 2) = 3%:R - 1.
Proof. by rewrite label_sum_mse /= sumr_const card_ord -mulr_natl; field. Qed.

Lemma mse_at_vertex (y : 'I_3) : label_sum (@mse Q 3) (vertex Q y) = 2%:R * (3%:R - 1).
Proof.
rewrite label_sum_mse /= (bigD1 y) //= big1 => [|i /negbTE ->]; last by rewrite expr0n.
by rewrite eqxx mulr1n expr1n addr0; ring.
Qed.

Lemma two_sums : label_sum two_outputs false < label_sum two_outputs true.
Proof.
rewrite /label_sum !big_ord_recr !big_ord0 /= !add0r -natrD -(natrD _ 1 1) -(natrD _ 2 1).
by rewrite ltr_nat.
Qed.

Lemma one_spared_symmetric : symmetric one_spared 2%:R.
Proof. by case; rewrite /label_sum !big_ord_recr !big_ord0 /= ?add0r ?addr0 // -(natrD _ 1 1). Qed.

Lemma sure_risk : risk (@mae Q 3) (P := sure_input) sure = 0.
Proof.
rewrite /risk big1 // => x _; rewrite big1 ?mulr0 // => i _.
by rewrite /=; have [->|_] := eqVneq; rewrite ?mul0r // mae_vertex mulr0.
Qed.

Lemma third_dominant (x : unit) (i j : 'I_3) : j != i ->
  uniform_noise (3%:R^-1 : Q) i j < uniform_noise (3%:R^-1) i i.
Proof.
by move=> /negbTE ji; rewrite /uniform_noise ji eqxx flip_third.
Qed.


Lemma M1_witness : ltac:(hypotheses (@M1)).
Proof.
exists Q, bool_finType, bool_eqType, id, (fun=> true), negb. data. Qed.

Lemma M1_gap_witness : ltac:(hypotheses (@M1_gap)).
Proof.
exists Q, bool_finType, bool_eqType, id, (fun=> true), negb. data. Qed.

Lemma M1_order_witness : ltac:(hypotheses (@M1_order)).
Proof.
exists Q, bool_finType, bool_eqType, id, (fun=> true), negb. data. Qed.

Lemma M1_region_witness : ltac:(hypotheses (@M1_region)).
Proof.
exists Q, (2%:R^-1), 0, 0. holds numbers. data. Qed.

Lemma M1_corners_witness : ltac:(hypotheses (@M1_corners)).
Proof.
exists Q, (2%:R^-1). data. Qed.

Lemma R1_witness : ltac:(hypotheses (@R1)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), (3%:R^-1). holds (exact: mae_symmetric).
exists (Problem (point _ tt) (fun=> uniform Q 2)), (fun=> uniform Q 2). data. Qed.

Lemma R1_order_witness : ltac:(hypotheses (@R1_order)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), (3%:R^-1). holds (exact: mae_symmetric).
exists (Problem (point _ tt) (fun=> uniform Q 2)), (fun=> uniform Q 2), (fun=> vertex Q ord0). holds
numbers. data. Qed.

Lemma R1_minimisers_witness : ltac:(hypotheses (@R1_minimisers)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), (3%:R^-1). holds (exact: mae_symmetric).
exists (Problem (point _ tt) (fun=> uniform Q 2)), (fun=> True), (fun=> uniform Q 2). holds numbers.
data. Qed.

Lemma R1_threshold_witness : ltac:(hypotheses (@R1_threshold)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), (2%:R / 3%:R). holds (exact:
mae_symmetric). exists (Problem (point _ tt) (fun=> uniform Q 2)), (fun=> uniform Q 2). holds numbers.
data. Qed.

Lemma R1_beyond_witness : ltac:(hypotheses (@R1_beyond)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), (3%:R / 4%:R). holds (exact:
mae_symmetric). exists (Problem (point _ tt) (fun=> uniform Q 2)), (fun=> uniform Q 2), (fun=> vertex Q
ord0). holds numbers. data. Qed.

Lemma S1_witness : ltac:(hypotheses (@S1)).
Proof.
exists Q, 3%N, falling, none. holds (by move=> t _ _; rewrite /generator /=; ring). data. Qed.

Lemma S2_witness : ltac:(hypotheses (@S2)).
Proof.
data. exists falling, none. holds (apply: (@line_convex _ _ 1 (-1)) => [|t]; [exact: unit_closed | by
rewrite /generator; ring]). data. Qed.

Lemma S2_interior_witness : ltac:(hypotheses (@S2_interior)).
Proof.
exists Q, 2%N, falling, none. holds (apply: (@line_convex _ _ 1 (-1)) => [|t]; [exact: open_closed | by
rewrite /generator; ring]). exists (uniform Q 2). holds (by move=> i; exact: third). data. Qed.

Lemma S2_concave_witness : ltac:(hypotheses (@S2_concave)).
Proof.
data. exists falling, none. holds (apply: (@line_convex _ _ (-1) 1) => [|t]; [exact: unit_closed | by
rewrite /generator; ring]). data. Qed.

Lemma S3_witness : ltac:(hypotheses (@S3)).
Proof.
exists Q, 3%N, (simplex Q 3), (@mae Q 3). holds (by move=> u; rewrite (mae_symmetric u) gt_eqF //
C_gt0). data. Qed.

Lemma S3_sum_witness : ltac:(hypotheses (@S3_sum)).
Proof.
exists Q, 3%N, (simplex Q 3), (@mae Q 3), (@unhinged Q 3), 2%:R, (2%:R * (3%:R - 1)), (3%:R - 1). holds
(exact: mae_symmetric). holds (exact: unhinged_symmetric). data. Qed.

Lemma S1_binary_witness : ltac:(hypotheses (@S1_binary)).
Proof.
data. exists falling, none, 1. data. Qed.

Lemma S1_additive_witness : ltac:(hypotheses (@S1_additive)).
Proof.
exists Q, 0%N, falling, none, (3%:R - 1). holds (apply: falling_symmetric). exists (3%:R^-1), (3%:R^-1).
holds numbers. holds numbers. holds numbers. data. Qed.

Lemma S1_rational_witness : ltac:(hypotheses (@S1_rational)).
Proof.
exists Q, 0%N, falling, none, (3%:R - 1). holds (apply: falling_symmetric). exists 1%N, 2%N. holds
numbers. holds numbers. data. Qed.

Lemma S1_continuous_witness : ltac:(hypotheses (@S1_continuous)).
Proof.
exists QA, 0%N, falling, none, (3%:R - 1). holds (apply: falling_symmetric). holds (exact:
falling_continuous). data. Qed.

Lemma S1_monotone_witness : ltac:(hypotheses (@S1_monotone)).
Proof.
exists QA, 0%N, falling, none, (3%:R - 1). holds (apply: falling_symmetric). holds (by move=> s t
/andP[_ st] _; rewrite /generator !mulr0 !addr0 ler_add2l ler_opp2). data. Qed.

Lemma only_binary_witness : ltac:(hypotheses (@only_binary)).
Proof.
data. Qed.

Lemma R3_witness : ltac:(hypotheses (@R3)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mse Q 3), 1, 4%:R, (3%:R^-1), one_input. holds (exact: mse_between).
exists (fun h => h = unsure), unsure, unsure. holds numbers. holds (by split=> // h ->). holds (by
split=> // h ->). data. Qed.

Lemma R5_witness : ltac:(hypotheses (@R5)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), one_input, (fun=> 3%:R^-1). holds (exact:
mae_symmetric). holds (exact: mae_ge0). exists (2%:R^-1), 1, unsure, unsure. holds numbers. holds
numbers. holds numbers. data. Qed.

Lemma R5_rate_witness : ltac:(hypotheses (@R5_rate)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), one_input, (fun=> 3%:R^-1). holds (exact:
mae_symmetric). holds (exact: mae_ge0). exists (3%:R^-1), unsure, unsure. holds (by move=> x; rewrite
lexx ltW // third). holds numbers. holds numbers. data. Qed.

Lemma R5_zero_witness : ltac:(hypotheses (@R5_zero)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), sure_input, (fun=> 3%:R^-1). holds
(exact: mae_symmetric). holds (exact: mae_ge0). exists sure, sure. holds numbers. holds (exact:
sure_risk). data. Qed.

Lemma R4_witness : ltac:(hypotheses (@R4)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), sure_input, (fun=> uniform_noise
(3%:R^-1)). holds (exact: mae_symmetric). holds (exact: mae_range). holds (exact: third_dominant).
exists sure. holds (exact: sure_risk). exists sure. data. Qed.

Lemma R4_only_witness : ltac:(hypotheses (@R4_only)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), sure_input, (fun=> uniform_noise
(3%:R^-1)). holds (exact: mae_symmetric). holds (exact: mae_range). holds (exact: third_dominant).
exists sure. holds (exact: sure_risk). exists sure. holds numbers. data. Qed.

Lemma R7_witness : ltac:(hypotheses (@R7)).
Proof.
exists Q, 1%N, (3%:R^-1), [lmodType Q of Q^o], [lmodType Q of Q^o], [linear of idfun], (fun=> 1), 3%:R,
ord0. holds (by rewrite sumr_const card_ord). data. Qed.

Lemma R7_path_witness : ltac:(hypotheses (@R7_path)).
Proof.
exists Q, 1%N, (3%:R^-1), [lmodType Q of Q^o], one_input, (fun _ y _ => 3%:R * (y == ord0)%:R - 1), 1,
5%N, 1. holds (by move=> x w; rewrite sumrB -mulr_sumr point_sum sumr_const card_ord mulr1 subrr). holds
numbers. data. Qed.

Lemma mae_symmetric_witness : ltac:(hypotheses (@mae_symmetric)).
Proof.
data. Qed.

Lemma unhinged_symmetric_witness : ltac:(hypotheses (@unhinged_symmetric)).
Proof.
data. Qed.

Lemma rce_symmetric_witness : ltac:(hypotheses (@rce_symmetric)).
Proof.
exists Q, 1%N, 4%:R. data. Qed.

Lemma zero_one_symmetric_witness : ltac:(hypotheses (@zero_one_symmetric)).
Proof.
exists Q, 1%N, id. data. Qed.

Lemma rll_symmetric_witness : ltac:(hypotheses (@rll_symmetric)).
Proof.
exists Q, 1%N, id. data. Qed.

Lemma nmse_symmetric_witness : ltac:(hypotheses (@nmse_symmetric)).
Proof.
data. Qed.

Lemma mse_not_symmetric_witness : ltac:(hypotheses (@mse_not_symmetric)).
Proof.
data. Qed.

Lemma convex_not_symmetric_witness : ltac:(hypotheses (@convex_not_symmetric)).
Proof.
exists Q, 1%N, (fun t => t ^+ 2). holds (exact: square_convex). data. Qed.

Lemma near_not_symmetric_witness : ltac:(hypotheses (@near_not_symmetric)).
Proof.
exists Q, 1%N, 1. holds numbers. data. Qed.

Lemma R2_witness_witness : ltac:(hypotheses (@R2_witness)).
Proof.
exists Q, 1%N, bool, two_outputs, (3%:R^-1), true, false, ord0, ord_max. holds numbers. holds numbers.
holds numbers. holds numbers. holds (exact: two_sums). data. Qed.

Lemma R2_witness : ltac:(hypotheses (@R2)).
Proof.
exists Q, 1%N, falling, (3%:R^-1). holds (by move=> s t /andP[_ st] _; rewrite ltr_add2l ltr_opp2).
holds numbers. holds (by apply: (@R2_symmetric _ 1 _ (@unhinged Q 3) _ (3%:R - 1)); [exact:
unhinged_symmetric | exact: below]). data. Qed.

Lemma R2_linear_witness : ltac:(hypotheses (@R2_linear)).
Proof.
exists QA, 0%N, falling, (3%:R^-1). holds (by move=> s t /andP[_ st] _; rewrite ltr_add2l ltr_opp2).
holds numbers. holds (by apply: (@R2_symmetric _ 1 _ (@unhinged Q 3) _ (3%:R - 1)); [exact:
unhinged_symmetric | exact: below]). data. Qed.

Lemma R2_general_witness : ltac:(hypotheses (@R2_general)).
Proof.
exists Q, 1%N, bool, two_outputs, (3%:R^-1). holds numbers. exists true, false, true, false, ord0,
ord_max. holds (by rewrite gt_eqF // two_sums). holds (by rewrite /= (inj_eq (addIr _)) eq_sym
pnatr_eq0). data. Qed.

Lemma R2_additive_witness : ltac:(hypotheses (@R2_additive)).
Proof.
exists Q, 1%N, (simplex Q 3), (3%:R^-1), (fun u => u ord0), (fun=> 1). data. Qed.

Lemma R2_symmetric_witness : ltac:(hypotheses (@R2_symmetric)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (3%:R^-1), (2%:R * (3%:R - 1)). holds (exact: mae_symmetric).
holds numbers. data. Qed.

Lemma within_bound_witness : ltac:(hypotheses (@within_bound)).
Proof.
exists Q, 1%N, 4%:R, id, (uniform Q 2), ord0. holds numbers. data. Qed.

Lemma rll_beyond_witness : ltac:(hypotheses (@rll_beyond)).
Proof.
exists Q, 0%N, (fun t => - t ^+ 2), ord0. holds (by move=> a b t Da Db ab t01; rewrite !opprK; apply:
(@square_convex Q (@unit_interval Q))). data. Qed.

Lemma nmse_beyond_witness : ltac:(hypotheses (@nmse_beyond)).
Proof.
exists Q, 1%N, ord0. data. Qed.

Lemma normalised_convex_beyond_witness : ltac:(hypotheses (@normalised_convex_beyond)).
Proof.
exists Q, 0%N, (fun t => (1 - t) ^+ 2), ord0. holds (exact: square_from_1_convex). holds (by move=> t _;
exact: sqr_ge0). holds numbers. holds numbers. data. Qed.

Lemma normalised_unbounded_beyond_witness : ltac:(hypotheses (@normalised_unbounded_beyond)).
Proof.
exists Q, 0%N, (fun t => t^-1), ord0. holds (by move=> t /andP[t0 _]; rewrite invr_gt0). holds (by
move=> s t /andP[s0 st] _; rewrite lef_pinv ?posrE // (lt_le_trans s0 st)). holds (exact:
inverse_unbounded). data. Qed.

Lemma binary_bound_witness : ltac:(hypotheses (@binary_bound)).
Proof.
exists Q, (simplex Q 2), (@mae Q 2), (2%:R * (2%:R - 1)), (uniform Q 1), ord0. holds (exact:
mae_symmetric). holds (by move=> u y; rewrite maeE mulr_ge0 // subr_ge0 weight_le1). data. Qed.

Lemma N1_witness : ltac:(hypotheses (@N1)).
Proof.
exists Q, 3%N, unit_finType, (fun=> ord0), (@mae Q 3), (fun=> True). holds (by move=> u y; rewrite
mae_vertex mae_ge0). holds (by move=> u y off; rewrite mae_vertex maeE mulr_gt0 // subr_gt0 lt_neqAle
off weight_le1). holds numbers. exists (fun=> vertex Q ord0), (fun=> ord0), (fun=> ord0). holds (by
rewrite card_unit). holds numbers. holds (by move=> h _; apply: ler_sum => n _; rewrite mae_vertex
mae_ge0). holds (by move=> n j; rewrite /= ler_nat; case: (_ == _)). data. Qed.

Lemma N2_witness : ltac:(hypotheses (@N2)).
Proof.
exists Q, 1%N, (3%:R^-1), (uniform Q 2), ord0, ord0. data. Qed.

Lemma N3_mae_witness : ltac:(hypotheses (@N3_mae)).
Proof.
exists Q, 1%N, (uniform Q 2), ord0, (uniform Q 2). holds numbers. data. Qed.

Lemma N3_mse_witness : ltac:(hypotheses (@N3_mse)).
Proof.
exists Q, 1%N, (uniform Q 2), (uniform Q 2). data. Qed.

Lemma D1_symmetric_witness : ltac:(hypotheses (@D1_symmetric)).
Proof.
exists Q, 1%N, (3%:R^-1), ord0. holds numbers. exists (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)),
(vertex Q ord0), (uniform Q 2). holds (exact: mae_symmetric). data. Qed.

Lemma D1_vertex_witness : ltac:(hypotheses (@D1_vertex)).
Proof.
exists Q, 1%N, (3%:R^-1), ord0. holds numbers. exists id, (uniform Q 2). holds (by move=> s t /andP[]).
holds (by rewrite /= invr_eq1 pnatr_eq1). data. Qed.

Lemma R4_converse_witness : ltac:(hypotheses (@R4_converse)).
Proof.
exists Q, 1%N, bool, one_spared, 2%:R, false, true, ord0, (lift ord0 ord0). holds (exact:
one_spared_symmetric). holds numbers. holds (by move=> j /negbTE ->; rewrite K1E divff // pnatr_eq0).
holds numbers. holds numbers. holds (by rewrite eqxx K1E divff ?pnatr_eq0 // ltr1n). data. Qed.

Lemma mse_reversal_witness : ltac:(hypotheses (@mse_reversal)).
Proof.
exists Q, 1%N, (3%:R^-1). holds numbers. data. Qed.

Lemma R2_open_witness : ltac:(hypotheses (@R2_open)).
Proof.
exists Q, 1%N, falling, (3%:R^-1). holds (by move=> s t /andP[_ st] _; rewrite ltr_add2l ltr_opp2).
holds numbers. holds (by apply: (@R2_symmetric _ _ _ _ _ (3%:R - 1)) => [u|]; last exact: below; rewrite
/label_sum sumrB weight_sum sumr_const card_ord). data. Qed.

Lemma R2_open_linear_witness : ltac:(hypotheses (@R2_open_linear)).
Proof.
exists QA, 0%N, falling, (3%:R - 1). holds (by move=> s t /andP[_ st] _; rewrite ltr_add2l ltr_opp2).
holds (by move=> u; rewrite /label_sum sumrB weight_sum sumr_const card_ord). data. Qed.

Lemma R2_iff_witness : ltac:(hypotheses (@R2_iff)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mse Q 3), (3%:R^-1). holds numbers. data. Qed.

Lemma R8_witness : ltac:(hypotheses (@R8)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mse Q 3), (3%:R^-1). data. Qed.

Lemma R9_witness : ltac:(hypotheses (@R9)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mse Q 3), (fun i j => (i == j)%:R), (fun i j => (i == j)%:R), (3%:R^-1).
holds (by move=> i m; rewrite (bigD1 i) //= eqxx mul1r big1 ?addr0 // => j /negbTE ji; rewrite eq_sym ji
mul0r). holds numbers. data. Qed.

Lemma R8_smoothing_witness : ltac:(hypotheses (@R8_smoothing)).
Proof.
exists Q, 1%N, id, (3%:R^-1), (uniform Q 2), ord0. data. Qed.

Lemma Y1_witness : ltac:(hypotheses (@Y1)).
Proof.
exists Q, 1%N, (@mse Q 3), 1, 1, id, id. data. Qed.

Lemma weight_signs_witness : ltac:(hypotheses (@weight_signs)).
Proof.
exists Q, 1%N, (3%:R^-1), ord0, ord0. holds numbers. data. Qed.

Lemma R4_concave_witness : ltac:(hypotheses (@R4_concave)).
Proof.
exists Q, 1%N, falling, none, (uniform Q 2), ord0, (vertex Q ord0). holds (apply: (@line_convex _ _ (-1)
1) => [|t]; [exact: unit_closed | by ring]). holds (apply: (@line_convex _ _ 0 0) => [|t]; [exact:
unit_closed | by ring]). holds numbers. holds numbers. data. Qed.

Lemma N3_mae_face_witness : ltac:(hypotheses (@N3_mae_face)).
Proof.
exists Q, 1%N, (uniform Q 2), (uniform Q 2), ord0. holds numbers. holds (by move=> j; rewrite ltxx).
data. Qed.

Lemma R9_variance_witness : ltac:(hypotheses (@R9_variance)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mse Q 3), (3%:R^-1), (uniform Q 2), ord0. holds numbers. data. Qed.

Lemma R9_forward_witness : ltac:(hypotheses (@R9_forward)).
Proof.
exists Q, 1%N, (fun i j => (i == j)%:R), (fun i j => (i == j)%:R). holds (by split=> i *; rewrite ?ler0n
// (bigD1 i) //= eqxx big1 ?addr0 // => j /negbTE ji; rewrite eq_sym ji). exists (uniform Q 2), (uniform
Q 2). holds (by move=> i m; rewrite (bigD1 i) //= eqxx mul1r big1 ?addr0 // => j /negbTE ji; rewrite
eq_sym ji mul0r). data. Qed.

Lemma V1_witness : ltac:(hypotheses (@V1)).
Proof.
exists Q, 1%N, (3%:R^-1), (point Q (ord0, ord0)), (point Q (ord0, ord0)). holds numbers. data. Qed.

Lemma A1_witness : ltac:(hypotheses (@A1)).
Proof.
exists Q, 1%N, falling, (uniform Q 2), ord0, (-1), (-1). holds (apply: (@line_convex _ _ 1 (-1)) =>
[|t]; [exact: unit_closed | by ring]). holds (by move=> s t /andP[_ st] _; rewrite ler_add2l ler_opp2).
holds (exact: falling_slope). holds (exact: falling_slope_1). holds numbers. data. Qed.

Lemma A1_steep_witness : ltac:(hypotheses (@A1_steep)).
Proof.
exists Q, 1%N, (fun t => (t == 0)%:R), (uniform Q 2), ord0, (lift ord0 ord0). holds (exact:
jump_convex). holds (exact: jump_steep). holds numbers. holds numbers. data. Qed.

Lemma A1_chord_witness : ltac:(hypotheses (@A1_chord)).
Proof.
exists Q, 1%N, falling, (uniform Q 2), ord0. holds (by move=> t _; rewrite (_ : t * (1 - 1) + (1 - t) *
(1 - 0) = 1 - t) //; ring). holds numbers. data. Qed.

Lemma A2_witness : ltac:(hypotheses (@A2)).
Proof.
exists Q, 1%N, falling, ord0, (-1), (-1), (3%:R^-1). holds (apply: (@line_convex _ _ 1 (-1)) => [|t];
[exact: unit_closed | by ring]). holds (by move=> s t /andP[_ st] _; rewrite ler_add2l ler_opp2). holds
numbers. data. Qed.

Lemma R3_sharp_witness : ltac:(hypotheses (@R3_sharp)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mse Q 3), (uniform Q 2), (fun y => vertex Q y), (3%:R - 1), (2%:R *
(3%:R - 1)), (4%:R^-1). holds (exact: mse_uniform). holds (exact: mse_at_vertex). holds (by move=> y;
apply: big1 => i _; rewrite /= subrr expr0n). holds numbers. holds numbers. holds numbers. holds
numbers. data. Qed.

Lemma R3_sharp_mse_witness : ltac:(hypotheses (@R3_sharp_mse)).
Proof.
exists Q, 1%N, (4%:R^-1). holds numbers. data. Qed.

Lemma R1_expectation_witness : ltac:(hypotheses (@R1_expectation)).
Proof.
exists Q, 1%N, (simplex Q 3), unit, (fun=> True), (fun f => f (tt, ord0)), (@mae Q 3), (2%:R * (3%:R -
1)), (3%:R^-1), (fun=> uniform Q 2). holds (by split=> //). holds (exact: mae_symmetric). holds numbers.
holds numbers. data. Qed.

Lemma R6_step_witness : ltac:(hypotheses (@R6_step)).
Proof.
exists Q, 1%N, (simplex Q 3), (@mae Q 3), (2%:R * (3%:R - 1)), (3%:R^-1), 1. exists (Problem (point _
tt) (fun=> uniform Q 2)), (fun h => h = (fun=> uniform Q 2)), (fun h => uniform_risk (@mae Q 3)
(3%:R^-1) h), (fun=> uniform Q 2), (fun=> uniform Q 2). holds (exact: mae_symmetric). holds numbers.
holds (by move=> h _; rewrite subrr normr0 ler01). holds (by split=> // h ->). holds (by split=> // h
->). data. Qed.

(* Polynomials in one weight, with their derivatives. *)
Lemma R7_descent_witness : ltac:(hypotheses (@R7_descent)).
Proof. exists Q, 1%N, (3%:R^-1), [lmodType Q of {poly Q}], [lmodType Q of Q^o], one_input.
exists (fun w : Q^o => [linear of horner_eval (w : Q) \o @deriv Q]).
exists (fun _ y => (3%:R * (y == ord0)%:R - 1) *: 'X + 1), 1, 3%:R, 1, 5%N, 1.
holds (by move=> x; rewrite big_split /= -scaler_suml sumrB -mulr_sumr point_sum !sumr_const card_ord mulr1
  subrr scale0r add0r scaler_nat). holds (by move=> w; rewrite /= /horner_eval derivC horner0).
holds numbers. data. Qed.
