(* R3 to R5: what noise can cost, and noise that is not uniform. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions risk.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Sums.
Variables (R : realFieldType) (T : finType) (p : dist R T).

Lemma mean_le (f g : T -> R) : (forall t, f t <= g t) -> \sum_t p t * f t <= \sum_t p t * g t.
Proof. by move=> le; apply: ler_sum => t _; rewrite ler_wpmul2l ?weight_ge0. Qed.

Lemma mean_ge0 (f : T -> R) : (forall t, 0 <= f t) -> 0 <= \sum_t p t * f t.
Proof. by move=> ge; apply: sumr_ge0 => t _; rewrite mulr_ge0 ?weight_ge0. Qed.

Lemma mean_const (c : R) : \sum_t p t * c = c.
Proof. by rewrite -mulr_suml weight_sum mul1r. Qed.
End Sums.

Section R3.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (low high eta : R) (P : problem R K).
Hypothesis range : forall u, low <= label_sum L u <= high.

(* claim: R3; every K >= 2, every class of hypotheses, finite input distributions *)
(* If C_L <= S <= C_U, the minimiser of the noisy risk has clean risk at most eta (C_U - C_L)/(K - 1 - eta K) above the least. *)
Theorem R3 (H : (input P -> U) -> Prop) (best noisy_best : input P -> U) :
  0 <= eta < threshold R K ->
  minimises H (risk L) best -> minimises H (uniform_risk L eta) noisy_best ->
  0 <= risk L noisy_best - risk L best <= eta * (high - low) / (K%:R - 1 - eta * K%:R).
Proof.
move=> /andP[eta0 etaT] [Hb least] [Hn /(_ _ Hb)]; rewrite subr_ge0 least //=.
rewrite !uniform_riskE.
set s := \sum_x _; set s' := \sum_x _; set r := risk L _; set r' := risk L _ => le.
have a0 : 0 < slope K eta by rewrite slope_gt0.
have K1 : 0 < K%:R - 1 :> R by rewrite subr_gt0 K_gt1.
have slopeK : slope K eta * (K%:R - 1) = K%:R - 1 - eta * K%:R.
  by rewrite /slope; field; apply: K1_neq0.
have flipK : flip K eta * (K%:R - 1) = eta by rewrite /flip divfK ?gt_eqF.
have -> : eta * (high - low) / (K%:R - 1 - eta * K%:R) = flip K eta * (high - low) / slope K eta.
  by rewrite -slopeK -[X in X * (high - low) / _]flipK; field; rewrite K1_neq0 gt_eqF.
rewrite ler_pdivl_mulr //.
have {}le : (r - r') * slope K eta <= flip K eta * (s' - s).
  by apply: (le_from le); ring.
apply: le_trans le _; rewrite ler_wpmul2l ?(divr_ge0 eta0 (ltW K1)) //; apply: ler_sub.
  by rewrite -(mean_const (prob P) high); apply: mean_le => x; case/andP: (range (best x)).
by rewrite -(mean_const (prob P) low); apply: mean_le => x; case/andP: (range (noisy_best x)).
Qed.
End R3.

Section R5.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (C : R) (P : problem R K) (eta : input P -> R).
Hypotheses (sym : symmetric L C) (L_ge0 : forall u y, 0 <= L u y).
Implicit Types h : input P -> U.
Local Notation noisy := (noisy_risk L (fun x => uniform_noise (eta x))).
Local Notation clean_at h x := (\sum_i posterior x i * L (h x) i).

Lemma noisyE h :
  noisy h = \sum_x prob P x * (C * flip K (eta x)) + \sum_x prob P x * (slope K (eta x) * clean_at h x).
Proof.
rewrite -big_split /=; apply: eq_bigr => x _; rewrite -mulrDr; congr (_ * _).
rewrite -mean_affine; apply: eq_bigr => i _; congr (_ * _).
by rewrite noisy_loss sym mulrC.
Qed.

Lemma clean_at_ge0 h x : 0 <= clean_at h x.
Proof. exact: mean_ge0. Qed.

(* claim: R5; every K >= 2, a(x) between two positive numbers, finite input distributions *)
(* If a(x) lies between low > 0 and high, the clean risk of the noisy minimiser is at most high/low times that of the clean one. *)
Theorem R5 (low high : R) best noisy_best :
  0 < low -> (forall x, low <= slope K (eta x) <= high) -> noisy noisy_best <= noisy best ->
  risk L noisy_best <= high / low * risk L best.
Proof.
move=> low0 range; rewrite !noisyE ler_add2l => le.
have lower : risk L noisy_best * low <= high * risk L best.
  apply: (@le_trans _ _ (\sum_x prob P x * (slope K (eta x) * clean_at noisy_best x))).
    rewrite /risk mulr_suml; under eq_bigr => x _ do rewrite -mulrA mulrC.
    under [leRHS]eq_bigr => x _ do rewrite mulrC.
    apply: ler_sum => x _; rewrite ler_wpmul2r ?weight_ge0 // mulrC.
    by rewrite ler_wpmul2r ?clean_at_ge0 //; case/andP: (range x).
  apply: le_trans le _; rewrite /risk mulr_sumr; under [leRHS]eq_bigr => x _ do rewrite mulrCA.
  apply: mean_le => x; rewrite ler_wpmul2r ?clean_at_ge0 //.
  by case/andP: (range x).
by rewrite mulrAC ler_pdivl_mulr.
Qed.

(* claim: R5; every K >= 2, rates from 0 to a largest one below the threshold, finite input distributions *)
(* If the rates are at most a largest one below the threshold, it is at most 1/a(largest) times that. *)
Theorem R5_rate (largest : R) best noisy_best :
  (forall x, 0 <= eta x <= largest) -> largest < threshold R K ->
  noisy noisy_best <= noisy best ->
  risk L noisy_best <= risk L best / slope K largest.
Proof.
move=> range below le; rewrite -[leRHS]mulrC -div1r; apply: R5 le.
  by rewrite slope_gt0.
move=> x; case/andP: (range x) => e0 e1.
have K1 : 0 < K%:R / (K%:R - 1) :> R by exact: factor_gt0.
rewrite /slope -!mulrA ler_sub ?ler_wpmul2r ?(ltW K1) //=.
by rewrite ler_subl_addl ler_addr mulr_ge0 ?(ltW K1).
Qed.

(* claim: R5; every K >= 2, rates below the threshold, finite input distributions *)
(* A hypothesis of zero clean risk has the least noisy risk. *)
Theorem R5_zero best h :
  (forall x, eta x < threshold R K) -> risk L best = 0 -> noisy best <= noisy h.
Proof.
move=> below /eqP; rewrite psumr_eq0 => [/allP zero|x _]; last first.
  by rewrite mulr_ge0 ?weight_ge0 ?clean_at_ge0.
rewrite !noisyE ler_add2l; apply: ler_sum => x _.
have /eqP r0 := zero x (mem_index_enum _).
rewrite mulrCA r0 mulr0 !mulr_ge0 ?weight_ge0 ?clean_at_ge0 //.
by rewrite ltW // slope_gt0.
Qed.
End R5.

Section R4.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (C : R) (P : problem R K) (T : input P -> noise R K).
Local Notation c := (C / (K%:R - 1)).
Hypotheses (sym : symmetric L C) (range : forall u y, 0 <= L u y <= c).
Hypothesis dominant : forall x i j, j != i -> T x i j < T x i i.
Variables (best : input P -> U).
Hypothesis zero_risk : risk L best = 0.
Local Notation noisy := (noisy_risk L T).
Implicit Types (h : input P -> U) (u : U) (x : input P).

Let weight x i := prob P x * posterior x i.

Let weight_ge0 x i : 0 <= weight x i.
Proof. by rewrite mulr_ge0 ?definitions.weight_ge0. Qed.

(* What a label other than i may lose, and does not: together, it is the loss of i. *)
Lemma loss_others u i : L u i = \sum_(j | j != i) (c - L u j).
Proof.
rewrite sumrB sum_others; have := sym u; rewrite /label_sum (bigD1 i) //= => total.
by rewrite mulrC divfK ?gt_eqF ?subr_gt0 ?K_gt1 // -total addrK.
Qed.

(* The noisy loss less what it is where i loses nothing and all others c. *)
Lemma noisy_gap x u i :
  \sum_j T x i j * L u j
    = \sum_(j | j != i) T x i j * c + \sum_(j | j != i) (T x i i - T x i j) * (c - L u j).
Proof.
rewrite (bigD1 i) //= [in L u i](loss_others u i) mulr_sumr -!big_split /=.
by apply: eq_bigr => j _; ring.
Qed.

Lemma zero_gap x i :
  L (best x) i = 0 -> \sum_j T x i j * L (best x) j = \sum_(j | j != i) T x i j * c.
Proof.
rewrite noisy_gap loss_others => none; rewrite [X in _ + X]big1 ?addr0 // => j ji.
have ge0 m : m != i -> 0 <= c - L (best x) m by rewrite subr_ge0; case/andP: (range (best x) m).
by rewrite (psumr_eq0P ge0 none ji) mulr0.
Qed.

(* Where the label i has weight, the best output has no loss, and any other output has no smaller noisy loss. *)
Lemma best_at x i : weight x i != 0 -> L (best x) i = 0.
Proof.
move=> w0; have term_ge0 y m : 0 <= weight y m * L (best y) m.
  by rewrite mulr_ge0 //; case/andP: (range (best y) m).
have : \sum_y \sum_m weight y m * L (best y) m = 0.
  rewrite -[RHS]zero_risk; apply: eq_bigr => y _.
  by rewrite mulr_sumr; apply: eq_bigr => m _; rewrite mulrA.
have sums_ge0 y : true -> 0 <= \sum_m weight y m * L (best y) m by move=> _; apply: sumr_ge0.
move/(psumr_eq0P sums_ge0)/(_ x isT)/(psumr_eq0P (fun m _ => term_ge0 x m))/(_ i isT).
by move/eqP; rewrite mulf_eq0 (negbTE w0) => /eqP.
Qed.

Lemma noisyE' h : noisy h = \sum_x \sum_i weight x i * \sum_j T x i j * L (h x) j.
Proof.
by apply: eq_bigr => x _; rewrite mulr_sumr; apply: eq_bigr => i _; rewrite mulrA.
Qed.

Let excess h x i := weight x i * \sum_(j | j != i) (T x i i - T x i j) * (c - L (h x) j).

Let excess_ge0 h x i : 0 <= excess h x i.
Proof.
rewrite mulr_ge0 //; apply: sumr_ge0 => j ji.
by rewrite mulr_ge0 ?subr_ge0 ?(ltW (dominant _ ji)) //; case/andP: (range (h x) j).
Qed.

Lemma noisy_excess h : noisy h = noisy best + \sum_x \sum_i excess h x i.
Proof.
rewrite !noisyE' -big_split /=; apply: eq_bigr => x _.
rewrite -big_split /=; apply: eq_bigr => i _.
have [w0 | /best_at/zero_gap ->] := eqVneq (weight x i) 0.
  by rewrite /excess w0 !mul0r addr0.
by rewrite noisy_gap mulrDr.
Qed.

(* claim: R4; every K >= 2, noise that may also depend on the input, finite input distributions *)
(* With 0 <= L <= C/(K-1) and T_ii > T_ij, a hypothesis of zero clean risk has the least noisy risk. *)
Theorem R4 h : noisy best <= noisy h.
Proof.
by rewrite (noisy_excess h) ler_addl; do 2 (apply: sumr_ge0 => ? _).
Qed.

(* claim: R4; every K >= 2, noise that may also depend on the input, finite input distributions *)
(* Whatever has a noisy risk no larger than that has zero clean risk too. *)
Theorem R4_only h : noisy h <= noisy best -> risk L h = 0.
Proof.
rewrite (noisy_excess h) ger_addl => le0.
have none : \sum_x \sum_i excess h x i = 0.
  by apply/eqP; rewrite eq_le le0; do 2 (apply: sumr_ge0 => ? _).
have sums_ge0 x : true -> 0 <= \sum_i excess h x i by move=> _; apply: sumr_ge0.
rewrite /risk big1 // => x _; rewrite mulr_sumr big1 // => i _; rewrite mulrA -/(weight x i).
have /eqP := psumr_eq0P (fun i _ => excess_ge0 h x i) (psumr_eq0P sums_ge0 none (i := x) isT) (i := i) isT.
rewrite mulf_eq0 => /orP[/eqP -> | /eqP zero]; first by rewrite mul0r.
rewrite loss_others big1 ?mulr0 // => j ji.
have part_ge0 m : m != i -> 0 <= (T x i i - T x i m) * (c - L (h x) m).
  move=> mi; rewrite mulr_ge0 ?subr_ge0 ?(ltW (dominant _ mi)) //.
  by case/andP: (range (h x) m).
have /eqP := psumr_eq0P part_ge0 zero ji.
by rewrite mulf_eq0 subr_eq0 gt_eqF ?dominant //= => /eqP.
Qed.
End R4.
