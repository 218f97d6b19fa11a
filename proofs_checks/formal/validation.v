(* R9.variance, R9.forward and V1: what corrections cost, what they find, and accuracy from noisy labels. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry risk losses memorization minimisers.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Variance.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.

(* The variance of F over the noisy label of the clean class i. *)
Definition label_variance (eta : R) (i : 'I_K) (F : 'I_K -> R) :=
  \sum_j uniform_noise eta i j * F j ^+ 2 - (\sum_j uniform_noise eta i j * F j) ^+ 2.

Lemma uniform_rows (eta : R) (i : 'I_K) : \sum_j uniform_noise eta i j = 1.
Proof.
rewrite (bigD1 i) //= /uniform_noise eqxx; under eq_bigr => j /negbTE -> do [].
by rewrite sum_others /flip; field; apply: K1_neq0.
Qed.

(* claim: R9.variance; every K >= 2, every rate below the threshold, every loss on any set of outputs *)
(* Under uniform noise the variance of the corrected loss (L - b S)/a over the noisy label is 1/a^2 times that of L. *)
Theorem R9_variance (L : loss R K U) (eta : R) (u : U) (i : 'I_K) : eta < threshold R K ->
  label_variance eta i (fun y => (L u y - flip K eta * label_sum L u) / slope K eta)
    = label_variance eta i (L u) / slope K eta ^+ 2.
Proof.
rewrite -slope_gt0 => a_gt0; have a0 : slope K eta != 0 by rewrite gt_eqF.
move: a0; set a := slope K eta => a0; set c := flip K eta * _; rewrite /label_variance.
pose m1 := \sum_j uniform_noise eta i j * L u j; pose m2 := \sum_j uniform_noise eta i j * L u j ^+ 2.
have -> : \sum_j uniform_noise eta i j * ((L u j - c) / a) = (m1 - c) / a.
  rewrite -[c in RHS]mul1r -[X in X * c](uniform_rows eta i) mulr_suml -sumrB mulr_suml.
  by apply: eq_bigr => j _; ring.
have -> : \sum_j uniform_noise eta i j * ((L u j - c) / a) ^+ 2 = (m2 - 2%:R * c * m1 + c ^+ 2) / a ^+ 2.
  rewrite -[c ^+ 2]mul1r -[X in X * c ^+ 2](uniform_rows eta i) mulr_suml /m1 /m2 mulr_sumr -sumrB -big_split mulr_suml /=.
  by apply: eq_bigr => j _; field.
by rewrite -/m1 -/m2; field.
Qed.
End Variance.

Section Forward.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).

(* T'u: the probabilities of the noisy label where u are those of the clean one. *)
Section Through.
Variables (T : noise R K) (stoch : stochastic T) (u : simplex).

Definition through_weight (j : ordinal_finType K) : R := \sum_i u i * T i j.

Lemma through_ge0 j : 0 <= through_weight j.
Proof. by apply: sumr_ge0 => i _; rewrite mulr_ge0 ?weight_ge0 ?stoch.1. Qed.

Lemma through_sum : \sum_j through_weight j = 1.
Proof.
rewrite exchange_big /= -(weight_sum u); apply: eq_bigr => i _.
by rewrite -mulr_sumr stoch.2 mulr1.
Qed.

Definition through : simplex := Dist through_ge0 through_sum.
End Through.

Lemma through_injective (T V : noise R K) (stoch : stochastic T) (u v : simplex) :
  (forall i m, \sum_j T i j * V j m = (i == m)%:R) ->
  (forall j, through stoch u j = through stoch v j) -> forall i, u i = v i.
Proof.
move=> inverse same i.
have back (w : simplex) : \sum_j through stoch w j * V j i = w i.
  rewrite /= /through_weight; under eq_bigr => j _ do rewrite mulr_suml.
  rewrite exchange_big /= (bigD1 i) //= [X in _ + X]big1 ?addr0 => [|m mi].
    by under eq_bigr => j _ do rewrite -mulrA; rewrite -mulr_sumr inverse eqxx mulr1.
  by under eq_bigr => j _ do rewrite -mulrA; rewrite -mulr_sumr inverse (negbTE mi) mulr0.
by rewrite -(back u) -(back v); apply: eq_bigr => j _; rewrite same.
Qed.

(* claim: R9.forward; every K >= 2, every T with an inverse V, MSE *)
(* The forward-corrected MSE has its least noisy risk at the clean posterior, and nowhere else. *)
Theorem R9_forward (T V : noise R K) (stoch : stochastic T) (pi u : simplex) :
  (forall i m, \sum_j T i j * V j m = (i == m)%:R) ->
  let corrected u y := mse (through stoch u) y in
  let noisy_risk u := \sum_i pi i * \sum_j T i j * corrected u j in
  noisy_risk pi <= noisy_risk u /\ (noisy_risk u <= noisy_risk pi -> forall i, u i = pi i).
Proof.
move=> inverse corrected noisy_risk.
have form w : noisy_risk w = conditional (@mse R K) (through stoch pi) (through stoch w).
  rewrite /noisy_risk /conditional /= /through_weight; under eq_bigr => i _ do rewrite mulr_sumr.
  rewrite exchange_big /=; apply: eq_bigr => j _; rewrite mulr_suml.
  by apply: eq_bigr => i _; rewrite mulrA.
have [least only] := N3_mse (through stoch pi) (through stoch u).
by rewrite !form; split=> // /only same; apply: through_injective inverse same.
Qed.
End Forward.

Section V1.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.
Implicit Types (eta : R) (T V : noise R K).

(* Probabilities of the pairs of prediction and clean label. *)
Definition table := dist R [finType of 'I_K * 'I_K].
Implicit Types J : table.

(* The same with noisy labels; the noise looks at the clean label alone. *)
Definition noisy_table T J (p m : 'I_K) := \sum_i J (p, i) * T i m.

Definition accuracy J := \sum_p J (p, p).
Definition noisy_accuracy T J := \sum_p noisy_table T J p p.

Lemma table_sum J : \sum_p \sum_i J (p, i) = 1.
Proof. by rewrite pair_bigA /= -(weight_sum J); apply: eq_bigr => -[]. Qed.

(* claim: V1; every K >= 2, every joint table of predictions and clean labels; the matrix, any T with an inverse V *)
(* Accuracy on uniformly noisy labels is b + a times that on clean ones; below the threshold both rank alike, an interval for the one gives an interval for the other that is 1/a as wide, and the clean table is the noisy one times the inverse of T. *)
Theorem V1 eta J J' : eta < threshold R K ->
  [/\ noisy_accuracy (uniform_noise eta) J = flip K eta + slope K eta * accuracy J,
      accuracy J < accuracy J' <->
        noisy_accuracy (uniform_noise eta) J < noisy_accuracy (uniform_noise eta) J',
      forall low high, low <= noisy_accuracy (uniform_noise eta) J <= high <->
        (low - flip K eta) / slope K eta <= accuracy J <= (high - flip K eta) / slope K eta,
      forall low high, (high - flip K eta) / slope K eta - (low - flip K eta) / slope K eta
        = (high - low) / slope K eta
    & forall T V, (forall i m, \sum_j T i j * V j m = (i == m)%:R) ->
        forall p i, \sum_m noisy_table T J p m * V m i = J (p, i)].
Proof.
rewrite -slope_gt0 => a0.
have affine J0 : noisy_accuracy (uniform_noise eta) J0 = flip K eta + slope K eta * accuracy J0.
  rewrite -[flip K eta]mulr1 -(table_sum J0) !mulr_sumr -big_split /=; apply: eq_bigr => p _.
  rewrite /noisy_table (bigD1 p) //= [in RHS](bigD1 p) //= /uniform_noise eqxx.
  under eq_bigr => i ip do rewrite eq_sym (negbTE ip) mulrC.
  rewrite -mulr_sumr mulrDr; set rest := \sum_(_ | _) _; set q := J0 _.
  by rewrite /slope /flip; field; apply: K1_neq0.
split=> //.
- by rewrite !affine ltr_add2l ltr_pmul2l.
- move=> low high; rewrite affine ler_pdivr_mulr // ler_pdivl_mulr //.
  by rewrite ler_subl_addr ler_subr_addr ![accuracy J * _]mulrC ![slope K eta * _ + _]addrC.
- by move=> low high; rewrite -mulrBl; congr (_ / _); ring.
move=> T V inverse p i; rewrite /noisy_table; under eq_bigr => m _ do rewrite mulr_suml.
rewrite exchange_big /= (bigD1 i) //= [X in _ + X]big1 ?addr0 => [|m mi].
  by under eq_bigr => j _ do rewrite -mulrA; rewrite -mulr_sumr inverse eqxx mulr1.
by under eq_bigr => j _ do rewrite -mulrA; rewrite -mulr_sumr inverse (negbTE mi) mulr0.
Qed.
End V1.
