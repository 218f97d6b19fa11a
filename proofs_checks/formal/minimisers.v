(* N1 to N3: what symmetry does not say, and what the conditional risk is least at. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions risk symmetry losses memorization.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* The mean of the loss of the output u under labels drawn from pi. *)
Definition conditional (R : realFieldType) K U (L : loss R K U) (pi : 'I_K -> R) (u : U) :=
  \sum_j pi j * L u j.

Section N1.
Variables (R : realFieldType) (K : nat) (N : finType) (label : N -> 'I_K).
Local Notation simplex := (simplex R K).
Variables (L : loss R K simplex) (H : (N -> simplex) -> Prop).

(* n samples, one loss each; the mean differs by a factor. *)
Definition empirical_risk (h : N -> simplex) := \sum_n L (h n) (label n).

Hypothesis smallest : forall (u : simplex) y, L (vertex R y) y <= L u y.
Hypothesis only_there : forall (u : simplex) y, u y != 1 -> L (vertex R y) y < L u y.
Hypothesis fits_any : forall y : N -> 'I_K, H (fun n => vertex R (y n)).

Lemma minimiser_fits h : H h -> (forall h', H h' -> empirical_risk h <= empirical_risk h') ->
  forall n, h n (label n) = 1.
Proof.
move=> _ /(_ _ (fits_any label)) least n; apply/eqP/negPn/negP => /only_there lt.
move: least; apply/negP; rewrite -ltNge /empirical_risk (bigD1 n) //= [ltRHS](bigD1 n) //=.
by apply: ltr_le_add => //; apply: ler_sum => m _; apply: smallest.
Qed.

(* claim: N1; every K, every finite sample, L least at the label's vertex and at no output with u_y < 1 *)
(* If the class fits every labelling and L is least at the vertex of the label alone, J1 = 1 for every minimiser of the empirical risk. *)
Theorem N1 h (guess : N -> 'I_K) (clean : N -> 'I_K) : (0 < #|N|)%N ->
  H h -> (forall h', H h' -> empirical_risk h <= empirical_risk h') ->
  (forall n j, h n j <= h n (guess n)) -> J1 R label guess = 1.
Proof.
move=> N0 Hh least largest; have fits := minimiser_fits Hh least.
have right n : guess n == label n.
  apply/negPn/negP => wrong; have := largest n (label n); rewrite fits; apply/negP.
  have rest : \sum_(j | j != label n) h n j = 0.
    by have := weight_sum (h n); rewrite (bigD1 (label n)) //= fits => /(canRL (addKr _)); rewrite addNr.
  by rewrite (psumr_eq0P _ rest wrong) -?ltNge ?ltr01 // => j _; apply: weight_ge0.
rewrite /J1 /share; have -> : #|fits_noisy label guess| = #|N|.
  by apply: eq_card => n; rewrite -topredE /= /fits_noisy right.
by rewrite divff // pnatr_eq0 -lt0n.
Qed.
End N1.

Section N2.
Variables (R : realFieldType) (k : nat) (eta : R) (pi : simplex R k.+2).
Local Notation K := k.+2.

Definition noisy_posterior j := \sum_i pi i * uniform_noise eta i j.

Lemma noisy_posteriorE j : noisy_posterior j = flip K eta + slope K eta * pi j.
Proof.
rewrite /noisy_posterior (bigD1 j) //= /uniform_noise eqxx.
under eq_bigr => i ij do rewrite eq_sym (negbTE ij).
have others : \sum_(i | i != j) pi i = 1 - pi j.
  by apply/eqP; rewrite eq_sym subr_eq -(weight_sum pi) (bigD1 j) //= addrC.
by rewrite -mulr_suml others /flip /slope; field; apply: K1_neq0.
Qed.

(* claim: N2; every K >= 2, every posterior, ties kept too *)
(* The noisy posterior is a pi + b; below the threshold it has the order of pi. *)
Theorem N2 i j :
  noisy_posterior i = slope K eta * pi i + flip K eta /\
  (eta < threshold R K -> (noisy_posterior i < noisy_posterior j <-> pi i < pi j)).
Proof.
rewrite !noisy_posteriorE addrC; split=> //; rewrite -slope_gt0 => a0.
by rewrite [flip K eta + _]addrC ltr_add2r ltr_pmul2l.
Qed.
End N2.

Section N3.
Variables (R : realFieldType) (k : nat).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).
Implicit Types (u pi : simplex).

Lemma conditional_mae pi u : conditional (@mae R K) pi u = 2%:R * (1 - \sum_i pi i * u i).
Proof.
rewrite /conditional; under eq_bigr => j _ do rewrite maeE mulrCA mulrBr mulr1.
by rewrite -mulr_sumr sumrB weight_sum.
Qed.

Lemma sum_vertex (F : 'I_K -> R) y : \sum_i F i * vertex R y i = F y.
Proof.
by under eq_bigr => i _ do rewrite mulrC; exact: point_mean.
Qed.

(* claim: N3.mae; every K >= 2 *)
(* Under MAE the vertex of a likeliest label has the least conditional risk, and what else has it is 0 on all less likely labels. *)
Theorem N3_mae pi m u : (forall j, pi j <= pi m) ->
  conditional (@mae R K) pi (vertex R m) <= conditional (@mae R K) pi u /\
  (conditional (@mae R K) pi u <= conditional (@mae R K) pi (vertex R m) ->
    forall j, pi j < pi m -> u j = 0).
Proof.
move=> largest; rewrite !conditional_mae sum_vertex !ler_pmul2l ?ltr0n // !ler_add2l !ler_opp2.
have gap : pi m - \sum_i pi i * u i = \sum_i (pi m - pi i) * u i.
  rewrite [RHS](eq_bigr (fun i => pi m * u i - pi i * u i)) => [|i _]; last by rewrite mulrBl.
  by rewrite sumrB -mulr_sumr weight_sum mulr1.
have term_ge0 i : true -> 0 <= (pi m - pi i) * u i by rewrite mulr_ge0 ?weight_ge0 ?subr_ge0.
split=> [|le j lt]; first by rewrite -subr_ge0 gap sumr_ge0.
have zero : \sum_i (pi m - pi i) * u i = 0.
  by apply/eqP; rewrite eq_le sumr_ge0 // andbT -gap subr_le0.
have /eqP := psumr_eq0P term_ge0 zero (i := j) isT.
by rewrite mulf_eq0 subr_eq0 gt_eqF //= => /eqP.
Qed.

Lemma conditional_mse pi u :
  conditional (@mse R K) pi u = \sum_i (u i - pi i) ^+ 2 + (1 - \sum_i pi i ^+ 2).
Proof.
rewrite /conditional; under eq_bigr => j _ do rewrite mseE mulrDr mulrBr mulr1.
rewrite big_split /= sumrB weight_sum -mulr_suml weight_sum mul1r.
have -> : \sum_i (u i - pi i) ^+ 2
    = \sum_i u i ^+ 2 - \sum_i pi i * (2%:R * u i) + \sum_i pi i ^+ 2.
  by rewrite -sumrB -big_split; apply: eq_bigr => i _ /=; ring.
set a := \sum_i u i ^+ 2; set b := \sum_i pi i * (2%:R * u i); set c := \sum_i pi i ^+ 2.
by rewrite -!/a -!/b -!/c; ring.
Qed.

(* claim: N3.mse; every K >= 2 *)
(* Under MSE the posterior has the least conditional risk, and nothing else has. *)
Theorem N3_mse pi u :
  conditional (@mse R K) pi pi <= conditional (@mse R K) pi u /\
  (conditional (@mse R K) pi u <= conditional (@mse R K) pi pi -> forall i, u i = pi i).
Proof.
rewrite !conditional_mse !ler_add2r.
have -> : \sum_i (pi i - pi i) ^+ 2 = 0 by apply: big1 => i _; rewrite subrr expr0n.
have ge0 i : true -> 0 <= (u i - pi i) ^+ 2 by rewrite sqr_ge0.
split=> [|le i]; first exact: sumr_ge0.
have zero : \sum_i (u i - pi i) ^+ 2 = 0 by apply/eqP; rewrite eq_le le sumr_ge0.
by have /eqP := psumr_eq0P ge0 zero (i := i) isT; rewrite sqrf_eq0 subr_eq0 => /eqP.
Qed.

Variable phi : R -> R.

Lemma rll_vertex (y : 'I_K) : rll phi (vertex R y) y = 0.
Proof.
rewrite /rll /separable /= eqxx.
under eq_bigr => i /negbTE -> do [].
by rewrite sum_others mulr0n mulr1n; set z := phi 0; field; apply: K1_neq0.
Qed.

Lemma rll_gt0 u y : (forall s t, 0 <= s < t -> t <= 1 -> phi s < phi t) -> u y != 1 -> 0 < rll phi u y.
Proof.
move=> rises uy; rewrite /rll /separable.
have weakly s t : 0 <= s <= t -> t <= 1 -> phi s <= phi t.
  case/andP=> s0; rewrite le_eqVlt => /orP[/eqP -> // | st t1]; apply: ltW; apply: rises => //.
  by rewrite s0.
have own : phi (u y) < phi 1.
  by apply: rises; rewrite ?lexx ?weight_ge0 //= lt_neqAle uy weight_le1.
have : \sum_(i | i != y) phi 0 / (K%:R - 1) <= \sum_(i | i != y) phi (u i) / (K%:R - 1).
  apply: ler_sum => i _; rewrite ler_wpmul2r ?invr_ge0 ?subr_ge0 ?(ltW (K_gt1 _ _)) //.
  by rewrite weakly ?lexx ?weight_ge0 ?weight_le1.
rewrite sum_others => others; apply: (lt_from (ltr_le_add own others)).
set others_sum := \sum_(_ | _) _; set z := phi 0; set one' := phi 1; set p := phi _.
by field; apply: K1_neq0.
Qed.

End N3.

Section D1.
Variables (R : realFieldType) (k : nat) (eta : R) (c : 'I_k.+2).
Local Notation K := k.+2.
Hypothesis below : eta < threshold R K.

(* Under uniform noise a sample of class c has the posterior T c. *)
Local Notation noisy L := (conditional L (uniform_noise eta c)).

(* part of: D1.symmetric; every K >= 2, every symmetric loss, on any set of outputs *)
(* Below the threshold noise keeps which of two outputs has the smaller loss under the clean class. *)
Theorem D1_symmetric U (L : loss R K U) C (best u : U) : symmetric L C ->
  (L best c <= L u c -> noisy L best <= noisy L u) /\ (L best c < L u c -> noisy L best < noisy L u).
Proof.
rewrite /conditional !noisy_loss => sym; rewrite !sym; move: below; rewrite -slope_gt0 => a0.
by rewrite ler_add2l ltr_add2l ler_pmul2l // ltr_pmul2l.
Qed.

Lemma mse_vertex : mse (vertex R c) c = 0.
Proof. by apply: big1 => i _; rewrite /= subrr expr0n. Qed.

Lemma mse_gt0 (u : simplex R K) : u c != 1 -> 0 < mse u c.
Proof.
move=> uc; rewrite /mse (bigD1 c) //= eqxx mulr1n ltr_paddr ?exprn_even_gt0 ?subr_eq0 //.
by apply: sumr_ge0 => i _; apply: sqr_ge0.
Qed.

(* part of: D1; RLL with any increasing phi, MAE and NMSE, every K >= 2 *)
(* Below the threshold the vertex of the clean class has a smaller noisy risk than every output with u_c < 1. *)
Theorem D1_vertex (phi : R -> R) (u : simplex R K) : (forall s t, 0 <= s < t -> t <= 1 -> phi s < phi t) ->
  u c != 1 -> let least (L : loss R K (simplex R K)) := noisy L (vertex R c) < noisy L u in
  [/\ least (rll phi), least (@mae R K) & least (@nmse R K)].
Proof.
move=> rises uc least; split.
- by apply: (D1_symmetric _ _ (rll_symmetric phi)).2; rewrite rll_vertex rll_gt0.
- apply: (D1_symmetric _ _ (@mae_symmetric R k)).2; rewrite !maeE /= eqxx mulr1n subrr mulr0.
  by rewrite mulr_gt0 ?ltr0n // subr_gt0 lt_neqAle uc weight_le1.
apply: (D1_symmetric _ _ (@nmse_symmetric R k)).2; rewrite /nmse /normalised mse_vertex mul0r.
by rewrite divr_gt0 ?label_sum_mse_gt0 ?mse_gt0.
Qed.
End D1.
