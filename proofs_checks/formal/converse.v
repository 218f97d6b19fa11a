(* R2: which losses keep the order of risks under uniform noise, and a reversal for every other one. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions symmetry affine risk.
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
(* If neither of two outputs is better under every label and their label sums differ, noise reverses an order of risks. *)
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

(* part of: R2; every K >= 2, f strictly decreasing on [0, 1] *)
(* If f falls strictly on [0, 1] and noise at one rate keeps every order of risks, the loss is symmetric. *)
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

(* part of: R2; every K >= 3, f strictly decreasing on [0, 1], every archimedean field *)
(* For three classes or more f is then affine. *)
Theorem R2_linear (R : archiFieldType) (k : nat) (f : R -> R) (eta : R) :
  let K := k.+3 in (forall s t, 0 <= s < t -> t <= 1 -> f t < f s) -> 0 < eta < threshold R K ->
  keeps_order (fun (u : simplex R K) y => f (u y)) eta -> affine_on_unit f.
Proof.
move=> K falls rate keeps; have [C sym] := R2 falls rate keeps.
have GE t : generator K f (fun=> 0) t = f t by rewrite /generator mulr0 addr0.
have sym0 : symmetric (separable (K := K) f (fun=> 0)) C.
  by move=> u; rewrite separable_sum -(sym u); apply: eq_bigr => i _; rewrite GE.
have weakly s t : 0 <= s <= t -> t <= 1 -> generator K f (fun=> 0) t <= generator K f (fun=> 0) s.
  rewrite !GE => /andP[s0]; rewrite le_eqVlt => /orP[/eqP -> // | st] t1.
  by rewrite ltW // falls // s0.
by move=> t t0 t1; have := S1_monotone sym0 weakly t0 t1; rewrite !GE.
Qed.

Section EveryLoss.
Variables (R : realFieldType) (k : nat) (U : Type).
Local Notation K := k.+2.
Variables (L : loss R K U) (eta : R).
Hypothesis rate : 0 < eta < threshold R K.

(* Two inputs with certain labels i and j. *)
Definition two_inputs (p : dist R bool_finType) (i j : 'I_K) : problem R K :=
  Problem p (fun x => vertex R (if x then i else j)).

Lemma two_inputs_gap p i j (h1 h2 : bool -> U) :
  let P := two_inputs p i j in
  let clean x := L (h1 x) (if x then i else j) - L (h2 x) (if x then i else j) in
  let sums x := label_sum L (h1 x) - label_sum L (h2 x) in
  let mean (F : bool -> R) := p true * F true + p false * F false in
  risk L (P := P) h1 - risk L (P := P) h2 = mean clean /\
  uniform_risk L eta (P := P) h1 - uniform_risk L eta (P := P) h2
    = flip K eta * mean sums + slope K eta * mean clean.
Proof.
have riskE h : risk L (P := two_inputs p i j) h = p true * L (h true) i + p false * L (h false) j.
  rewrite /risk big_bool /=.
  by rewrite [X in _ * X](point_mean i (L (h true))) [X in _ + _ * X](point_mean j (L (h false))).
rewrite /= !uniform_riskE !riskE !big_bool /=.
by split; ring.
Qed.

(* Where the gaps of two labels' losses are not as those of the label sums, some mean of them is reversed. *)
Lemma reversal u v u' v' i j :
  (L u i - L v i) * (label_sum L u' - label_sum L v')
    != (L u' j - L v' j) * (label_sum L u - label_sum L v) ->
  exists (p : dist R bool_finType) (h1 h2 : bool -> U),
    risk L (P := two_inputs p i j) h1 < risk L (P := two_inputs p i j) h2 /\
    uniform_risk L eta (P := two_inputs p i j) h2 < uniform_risk L eta (P := two_inputs p i j) h1.
Proof.
case/andP: rate => eta0 below.
have a0 : 0 < slope K eta by rewrite slope_gt0.
have b0 := flip_gt0 k eta0.
rewrite -subr_eq0 => det0.
set d := L u i - L v i in det0 *; set s := label_sum L u - label_sum L v in det0 *.
set d' := L u' j - L v' j in det0 *; set s' := label_sum L u' - label_sum L v' in det0 *.
pose aim := 2%:R * slope K eta / flip K eta.
pose al := (- s' - d' * aim) / (d * s' - d' * s).
pose be := (d * aim + s) / (d * s' - d' * s).
have solved : al * d + be * d' = -1 /\ al * s + be * s' = aim by split; rewrite /al /be; field.
pose size := `|al| + `|be|.
have size0 : 0 < size.
  rewrite lt_neqAle addr_ge0 ?normr_ge0 // andbT eq_sym paddr_eq0 ?normr_ge0 // !normr_eq0.
  apply/negP => /andP[/eqP al0 /eqP be0]; have [/eqP] := solved.
  by rewrite al0 be0 !mul0r addr0 eq_sym oppr_eq0 oner_eq0.
pose w (x : bool_finType) := (if x then `|al| else `|be|) / size.
have w0 x : 0 <= w x by rewrite divr_ge0 ?(ltW size0) //; case: x; apply: normr_ge0.
have w1 : \sum_x w x = 1 by rewrite big_bool /w /= -mulrDl divff // gt_eqF.
pose p : dist R bool_finType := Dist w0 w1.
pose h1 x := if x then (if 0 <= al then u else v) else (if 0 <= be then u' else v').
pose h2 x := if x then (if 0 <= al then v else u) else (if 0 <= be then v' else u').
have [clean noisy] := two_inputs_gap p i j h1 h2.
have signed (z x y : R) : `|z| / size * (if 0 <= z then x - y else y - x) = z * (x - y) / size.
  by case: ifP => [/ger0_norm -> | /negbT]; [| rewrite -ltNge => /ltr0_norm ->]; ring.
have clean_gap : risk L (P := two_inputs p i j) h1 - risk L (P := two_inputs p i j) h2 = - size^-1.
  rewrite clean /= /h1 /h2 /w.
  have := signed al (L u i) (L v i); have := signed be (L u' j) (L v' j).
  case: (0 <= al); case: (0 <= be) => -> ->;
  by transitivity ((al * d + be * d') / size); [rewrite /d /d'; ring | rewrite solved.1 mulN1r].
have sums_gap : p true * (label_sum L (h1 true) - label_sum L (h2 true))
    + p false * (label_sum L (h1 false) - label_sum L (h2 false)) = aim / size.
  rewrite /= /h1 /h2 /w.
  have := signed al (label_sum L u) (label_sum L v); have := signed be (label_sum L u') (label_sum L v').
  case: (0 <= al); case: (0 <= be) => -> ->;
  by transitivity ((al * s + be * s') / size); [rewrite /s /s'; ring | rewrite solved.2].
exists p, h1, h2; split; first by rewrite -subr_lt0 clean_gap oppr_lt0 invr_gt0.
rewrite -subr_gt0 noisy sums_gap -clean clean_gap; have -> : flip K eta * (aim / size) + slope K eta * - size^-1 = slope K eta / size.
  by rewrite /aim; field; rewrite !gt_eqF.
by rewrite divr_gt0.
Qed.

(* Neither symmetric nor c(u) + r(y): two inputs with certain labels suffice. *)
(* part of: R2.general; every K >= 2, every loss on any set of outputs *)
(* If two outputs differ in label sum, and the gap of two outputs is not the same under all labels, noise reverses an order on two inputs with certain labels. *)
Theorem R2_general u0 v0 u v i j :
  label_sum L u0 != label_sum L v0 -> L u i - L v i != L u j - L v j ->
  exists (a b : 'I_K) (p : dist R bool_finType) (h1 h2 : bool -> U),
    risk L (P := two_inputs p a b) h1 < risk L (P := two_inputs p a b) h2 /\
    uniform_risk L eta (P := two_inputs p a b) h2 < uniform_risk L eta (P := two_inputs p a b) h1.
Proof.
rewrite -subr_eq0 => s0 apart.
pose other := (L u0 ord0 - L v0 ord0) * (label_sum L u - label_sum L v).
have [same | /reversal found] := eqVneq ((L u i - L v i) * (label_sum L u0 - label_sum L v0)) other.
  exists j, ord0; apply: (@reversal u v u0 v0); apply/eqP => same'.
  by case/eqP: apart; apply: (mulIf s0); rewrite same same'.
by exists i, ord0.
Qed.
End EveryLoss.

(* part of: R2.general; every K >= 2, every loss on any set of outputs *)
(* A loss c(u) + r(y) keeps the order of all risks under noise of every rate. *)
Theorem R2_additive (R : realFieldType) (k : nat) (U : Type) (eta : R) (c : U -> R) (r : 'I_k.+2 -> R) :
  keeps_order (fun u y => c u + r y) eta.
Proof.
move=> P h1 h2; set L := fun _ _ => _.
pose shift := \sum_x prob P x * (\sum_i posterior x i * (\sum_j uniform_noise eta i j * r j - r i)).
suff same (h : input P -> U) : uniform_risk L eta h = shift + risk L h by rewrite !same ltr_add2l.
apply/eqP; rewrite -subr_eq; apply/eqP.
rewrite /uniform_risk /noisy_risk /risk -sumrB; apply: eq_bigr => x _; rewrite -mulrBr.
congr (_ * _); rewrite -sumrB; apply: eq_bigr => i _; rewrite -mulrBr; congr (_ * _).
have rows : \sum_j uniform_noise eta i j = 1.
  rewrite (bigD1 i) //= /uniform_noise eqxx; under eq_bigr => j /negbTE -> do [].
  by rewrite sum_others /flip; field; apply: K1_neq0.
rewrite /L; under eq_bigr => j _ do rewrite mulrDr.
rewrite big_split /= -mulr_suml rows mul1r; set s := \sum_j _.
by rewrite opprD addrACA subrr add0r.
Qed.

(* claim: M2; every K >= 2, every loss on any set of outputs, finite input distributions *)
(* Below the threshold a symmetric loss keeps the order of all risks. *)
Theorem R2_symmetric (R : realFieldType) (k : nat) (U : Type) (L : loss R k.+2 U) (eta C : R) :
  symmetric L C -> eta < threshold R k.+2 -> keeps_order L eta.
Proof. by move=> sym below P h1 h2; apply: R1_order sym _ _ _ below. Qed.
