(* R2: which losses keep the order of risks under uniform noise, and a reversal for every other one. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions risk.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* For every distribution and every pair of hypotheses. *)
Definition keeps_order (R : realFieldType) K U (L : loss R K U) eta :=
  forall (P : problem R K) (h1 h2 : input P -> U),
    risk L h1 < risk L h2 <-> uniform_risk L eta h1 < uniform_risk L eta h2.

Section Rates.
Variables (R : realFieldType) (k : nat) (eta : R).
Local Notation K := k.+2.

Lemma flip_gt0 : 0 < eta -> 0 < flip K eta.
Proof. by move=> e0; rewrite divr_gt0 // subr_gt0 K_gt1. Qed.
End Rates.

Section Witness.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (eta : R) (u v : U) (low high : 'I_K).
Hypotheses (eta0 : 0 < eta) (below : eta < threshold R K).
Hypotheses (d_low : L u low < L v low) (d_high : L v high < L u high).
Hypothesis sums : label_sum L v < label_sum L u.

(* Two labels, one on which u is better and one on which v is; one input with this posterior. *)
Definition two_labels (w : R) (j : ordinal_finType K) : R :=
  w * (j == high)%:R + (1 - w) * (j == low)%:R.

Lemma two_labels_mean w (F : 'I_K -> R) :
  \sum_j two_labels w j * F j = w * F high + (1 - w) * F low.
Proof.
rewrite -[in RHS](point_mean high F) -[in RHS](point_mean low F) !mulr_sumr -big_split /=.
by apply: eq_bigr => j _; rewrite /two_labels /=; ring.
Qed.

Lemma two_labels_ge0 w : 0 <= w <= 1 -> forall j, 0 <= two_labels w j.
Proof. by case/andP=> w0 w1 j; rewrite addr_ge0 ?mulr_ge0 ?subr_ge0 ?ler0n. Qed.

Lemma two_labels_sum w : \sum_j two_labels w j = 1.
Proof.
have := two_labels_mean w (fun=> 1); under eq_bigr => j _ do rewrite mulr1.
by move=> ->; ring.
Qed.

(* part of: R2; every K >= 2, any two outputs of which neither is better under every label *)
Theorem R2_witness : exists (P : problem R K) (h1 h2 : input P -> U),
  risk L h1 < risk L h2 /\ uniform_risk L eta h2 < uniform_risk L eta h1.
Proof.
pose l := L v low - L u low; pose h := L u high - L v high.
pose s := label_sum L u - label_sum L v.
have l0 : 0 < l by rewrite subr_gt0.
have h0 : 0 < h by rewrite subr_gt0.
have s0 : 0 < s by rewrite subr_gt0.
have a0 : 0 < slope K eta by rewrite slope_gt0.
pose t := flip K eta * s / slope K eta.
have t0 : 0 < t by rewrite divr_gt0 // mulr_gt0 // flip_gt0.
pose w := l ^+ 2 / ((l + t) * (l + h)).
have lt0 : 0 < l + t by rewrite addr_gt0.
have lh0 : 0 < l + h by rewrite addr_gt0.
have w0 : 0 <= w by rewrite divr_ge0 ?sqr_ge0 // mulr_ge0 ?ltW.
have w1 : w <= 1.
  rewrite ler_pdivr_mulr ?mulr_gt0 // mul1r.
  have more : 0 <= l * h + t * l + t * h by rewrite !addr_ge0 // mulr_ge0 ?ltW.
  by apply: (le_from more); ring.
have w01 : 0 <= w <= 1 by rewrite w0.
pose pi : simplex R K := Dist (two_labels_ge0 w01) (two_labels_sum w).
exists (Problem (point R tt) (fun=> pi)), (fun=> u), (fun=> v).
have riskE z : risk L (P := Problem (point R tt) (fun=> pi)) (fun=> z) = w * L z high + (1 - w) * L z low.
  by rewrite -(two_labels_mean w (L z)) [LHS](point_mean tt (fun=> \sum_j pi j * L z j)).
have sumE z : \sum_x point R tt x * label_sum L z = label_sum L z.
  by rewrite -mulr_suml weight_sum mul1r.
rewrite !uniform_riskE !riskE /= !sumE.
have clean : w * L v high + (1 - w) * L v low - (w * L u high + (1 - w) * L u low) = l * t / (l + t).
  have -> : w * L v high + (1 - w) * L v low - (w * L u high + (1 - w) * L u low) = l - w * (l + h).
    by rewrite /l /h; ring.
  by rewrite /w; field; rewrite !gt_eqF.
have gap : 0 < l * t / (l + t) by rewrite divr_gt0 // mulr_gt0.
split; first by rewrite -subr_gt0 clean.
have noisy : 0 < slope K eta * (t - l * t / (l + t)).
  rewrite mulr_gt0 // (_ : _ - _ = t ^+ 2 / (l + t)) ?divr_gt0 ?exprn_gt0 //.
  by field; rewrite gt_eqF.
apply: (lt_from noisy); rewrite -clean subr0 mulrBr.
have -> : slope K eta * t = flip K eta * s by rewrite /t mulrC divfK // gt_eqF.
by rewrite /s; ring.
Qed.
End Witness.

Section OneOutput.
Variables (R : realFieldType) (k : nat) (f : R -> R) (eta : R).
Local Notation K := k.+2.
Hypothesis falls : forall s t, 0 <= s < t -> t <= 1 -> f t < f s.
Hypothesis rate : 0 < eta < threshold R K.

Local Notation L := (fun (u : simplex R K) y => f (u y)).

Lemma one_is_larger (u v : simplex R K) : (exists j, u j != v j) -> exists i, u i < v i.
Proof.
case=> j uj; apply/existsP; apply: contraT => /existsPn none.
have ge i : true -> 0 <= u i - v i by rewrite subr_ge0 leNgt none.
have zero : \sum_i (u i - v i) = 0 by rewrite sumrB !weight_sum subrr.
by have /eqP := psumr_eq0P ge zero (i := j) isT; rewrite subr_eq0 (negbTE uj).
Qed.

(* claim: R2; every K >= 2, f strictly decreasing on [0, 1] *)
Theorem R2 : keeps_order L eta -> exists C, symmetric L C.
Proof.
move=> keeps; exists (label_sum L (uniform R k.+1)) => u; apply/eqP/negPn/negP.
move: (uniform R k.+1) => v; case/andP: rate => eta0 below.
have no_reversal (x y : simplex R K) : label_sum L y < label_sum L x -> False.
  move=> lt; have apart : exists j, x j != y j.
    apply/existsP; apply: contraT => /existsPn same.
    move: lt; rewrite /label_sum [X in _ < X](eq_bigr (fun j => f (y j))) ?ltxx // => j _.
    by have := same j; rewrite negbK => /eqP ->.
  have [i yi] := one_is_larger apart.
  have [|j xj] := @one_is_larger y x; first by case: apart => j xy; exists j; rewrite eq_sym.
  have [||P [h1 [h2 [clean noisy]]]] := @R2_witness _ _ _ L eta x y j i eta0 below _ _ lt.
  - by apply: falls; rewrite ?weight_le1 ?weight_ge0.
  - by apply: falls; rewrite ?weight_le1 ?weight_ge0.
  by have /(lt_trans noisy) := (keeps P h1 h2).1 clean; rewrite ltxx.
by rewrite neq_lt => /orP[]; apply: no_reversal.
Qed.
End OneOutput.
