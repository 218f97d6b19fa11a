(* D3: gradients of losses in the logits, for outputs that are a softmax. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp realfun.
From Lossmatters Require Import definitions symmetry losses logarithm powers catalogue.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Import numFieldTopology.Exports numFieldNormedType.Exports.
Local Open Scope ring_scope.

Section Rules.
Variable R : realType.
Implicit Types (f g : R -> R) (d e : R).
Local Notation D f d := (is_derive (0 : R) (1 : R) (f : R -> R) (d : R)).

Lemma D_eq f d e : D f d -> d = e -> D f e. Proof. by move=> df <-. Qed.

Lemma D_const (c : R) : D (fun=> c) 0. Proof. exact: is_derive_cst. Qed.

Lemma D_add f g d e : D f d -> D g e -> D (fun h => f h + g h) (d + e).
Proof. by move=> df dg; exact: is_deriveD. Qed.

Lemma D_mul f g d e : D f d -> D g e -> D (fun h => f h * g h) (f 0 * e + g 0 * d).
Proof. by move=> df dg; exact: (is_deriveM df dg). Qed.

Lemma D_scale (c : R) f d : D f d -> D (fun h => c * f h) (c * d).
Proof.
by move=> df; apply: (D_eq (D_mul (D_const c) df)); rewrite mulr0 addr0.
Qed.

Lemma D_inv f d : f 0 != 0 -> D f d -> D (fun h => (f h)^-1) (- (f 0 ^- 2 * d)).
Proof. by move=> f0 df; apply: (D_eq (is_deriveV f0 df)); rewrite scaleNr. Qed.

Lemma D_sum n (f : 'I_n -> R -> R) (d : 'I_n -> R) : (forall i, D (f i) (d i)) ->
  D (fun h => \sum_(i < n) f i h) (\sum_(i < n) d i).
Proof.
move=> df; have -> : (fun h => \sum_(i < n) f i h) = \sum_(i < n) f i by apply/funext => h; rewrite fct_sumE.
exact: is_derive_sum.
Qed.

Lemma D_comp (F : R -> R) f d e : is_derive (f 0) (1 : R) F e -> D f d -> D (fun h => F (f h)) (e * d).
Proof. by move=> dF df; exact: (is_derive1_comp dF df). Qed.
End Rules.

Section Softmax.
Variables (R : realType) (k : nat).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).
Local Notation D f d := (is_derive (0 : R) (1 : R) (f : R -> R) (d : R)).
Implicit Types (z : 'I_K -> R) (i j y : 'I_K).

Lemma exp_sum_gt0 z : 0 < \sum_i expR (z i).
Proof.
rewrite (bigD1 ord0) //= ltr_paddr ?expR_gt0 //; apply: sumr_ge0 => i _.
exact: ltW (expR_gt0 _).
Qed.

Lemma softmax_ge0 z (i : ordinal_finType K) : 0 <= expR (z i) / (\sum_j expR (z j)).
Proof. by rewrite divr_ge0 ?(ltW (expR_gt0 _)) // ltW // exp_sum_gt0. Qed.

Lemma softmax_sum z : \sum_(i : ordinal_finType K) expR (z i) / (\sum_j expR (z j)) = 1.
Proof. by rewrite -mulr_suml divff // gt_eqF // exp_sum_gt0. Qed.

Definition softmax z : simplex := Dist (softmax_ge0 z) (softmax_sum z).

(* The logits z with h more of class j. *)
Definition moved z j (h : R) : 'I_K -> R := fun i => z i + h * (i == j)%:R.

(* The slope of a loss in the logit of class j, at the logits z. *)
Definition logit_slope (L : loss R K simplex) z y j (d : R) :=
  is_derive (0 : R) (1 : R) (fun h => L (softmax (moved z j h)) y) d.

Lemma moved0 z j : moved z j 0 = z. Proof. by apply/funext => i; rewrite /moved mul0r addr0. Qed.

Lemma softmax_gt0 z i : 0 < softmax z i. Proof. by rewrite divr_gt0 ?expR_gt0 ?exp_sum_gt0. Qed.

Lemma softmax_slope z j i : D (fun h => softmax (moved z j h) i) (softmax z i * ((i == j)%:R - softmax z j)).
Proof.
have exp_slope m : D (fun h => expR (moved z j h m)) ((m == j)%:R * expR (z m)).
  have line : D (fun h => z m + h * (m == j)%:R) (m == j)%:R.
    apply: D_eq (D_add (D_const (z m)) (D_mul (is_derive_id (0 : R) 1) (D_const (m == j)%:R))) _.
    by rewrite mul0r !add0r mulr1.
  by apply: (D_eq (D_comp (is_derive_expR _) line)); rewrite mul0r addr0 mulrC.
have whole : D (fun h => \sum_m expR (moved z j h m)) (expR (z j)).
  apply: D_eq (D_sum exp_slope) _; rewrite (bigD1 j) //= eqxx mul1r big1 ?addr0 // => m /negbTE ->.
  by rewrite mul0r.
have s0 : \sum_m expR (moved z j 0 m) != 0 by rewrite gt_eqF // exp_sum_gt0.
apply: (D_eq (D_mul (exp_slope i) (D_inv s0 whole))); rewrite moved0 /=.
have := exp_sum_gt0 z; move: (\sum_m _) (expR (z i)) (expR (z j)) (i == j)%:R => s a b e s1.
by field; rewrite gt_eqF.
Qed.

Lemma label_slope (f : R -> R) z y j d : is_derive (softmax z y) (1 : R) f d ->
  logit_slope (of_label f) z y j (- (softmax z y * d) * (softmax z j - (y == j)%:R)).
Proof.
move=> df; rewrite -[in is_derive _ _ _ _](moved0 z j) in df.
apply: (D_eq (D_comp df (softmax_slope z j y))).
by move: (softmax z y) (softmax z j) (y == j)%:R => a b e; ring.
Qed.

Lemma squares_slope z j : D (fun h => \sum_i softmax (moved z j h) i ^+ 2)
  (2%:R * softmax z j * (softmax z j - \sum_i softmax z i ^+ 2)).
Proof.
have each i : D (fun h => softmax (moved z j h) i ^+ 2)
    (2%:R * (softmax z i * (i == j)%:R * softmax z i - softmax z j * softmax z i ^+ 2)).
  apply: (D_eq (D_mul (softmax_slope z j i) (softmax_slope z j i))); rewrite moved0.
  by move: (softmax z i) (softmax z j) (i == j)%:R => a b e; ring.
apply: (D_eq (D_sum each)); rewrite -mulr_sumr sumrB -mulr_sumr.
have -> : \sum_i softmax z i * (i == j)%:R * softmax z i = softmax z j ^+ 2.
  rewrite -(point_mean (j : ordinal_finType K) (fun i => softmax z i ^+ 2)); apply: eq_bigr => i _.
  by rewrite -mulrA mulrCA -expr2.
by move: (softmax z j) (\sum_i _) => a s; ring.
Qed.

Lemma mse_slope z y j : logit_slope (@mse R K) z y j
  (2%:R * softmax z j * (softmax z j - (y == j)%:R - \sum_i softmax z i ^+ 2 + softmax z y)).
Proof.
rewrite /logit_slope.
have -> : (fun h => mse (softmax (moved z j h)) y)
    = (fun h => 1 + -2%:R * softmax (moved z j h) y + \sum_i softmax (moved z j h) i ^+ 2).
  by apply/funext => h; rewrite mseE mulNr.
apply: D_eq (D_add (D_add (D_const 1) (D_scale _ (softmax_slope z j y))) (squares_slope z j)) _.
have [-> | yj] := eqVneq y j; move: (\sum_i _) (softmax z j) => s a; first by ring.
by rewrite mulr0n; move: (softmax z y) => b; ring.
Qed.

Lemma cce_slope z y j : logit_slope (of_label (fun t => - ln t)) z y j (softmax z j - (y == j)%:R).
Proof.
have u0 := softmax_gt0 z y; have dl : is_derive (softmax z y) (1 : R) (fun t => - ln t) (- (softmax z y)^-1).
  by apply: is_deriveN; exact: is_derive1_ln.
apply: (D_eq (label_slope j dl)); move: (softmax z y) u0 (softmax z j) (y == j)%:R {dl} => a a0 b e.
by field; rewrite gt_eqF.
Qed.

Lemma mae_slope z y j : logit_slope (@mae R K) z y j (2%:R * softmax z y * (softmax z j - (y == j)%:R)).
Proof.
rewrite /logit_slope; have -> : (fun h => mae (softmax (moved z j h)) y) = (fun h => 2%:R + -2%:R * softmax (moved z j h) y).
  by apply/funext => h; rewrite maeE mulrBr mulr1 mulNr.
apply: D_eq (D_add (D_const 2%:R) (D_scale _ (softmax_slope z j y))) _.
by move: (softmax z y) (softmax z j) (y == j)%:R => a b e; ring.
Qed.

Lemma gce_slope (q : R) z y j : q != 0 ->
  logit_slope (of_label (gce q)) z y j (pow q (softmax z y) * (softmax z j - (y == j)%:R)).
Proof.
move=> q0; rewrite /logit_slope.
have -> : (fun h => of_label (gce q) (softmax (moved z j h)) y)
    = (fun h => q^-1 + - q^-1 * expR (q * ln (softmax (moved z j h) y))).
  by apply/funext => h; rewrite /of_label /gce pow_gt0E ?softmax_gt0 // mulrBl mul1r mulNr [_ / q]mulrC.
have inner := D_scale q (D_comp (is_derive1_ln (softmax_gt0 (moved z j 0) y)) (softmax_slope z j y)).
apply: D_eq (D_add (D_const q^-1) (D_scale _ (D_comp (is_derive_expR _) inner))) _.
rewrite moved0 -pow_gt0E ?softmax_gt0 //; have := softmax_gt0 z y.
move: (pow q (softmax z y)) (softmax z y) (softmax z j) (y == j)%:R => P a b e a0.
by field; rewrite q0 gt_eqF.
Qed.

Lemma nmse_slope z y j : let u := softmax z in let s := \sum_i u i ^+ 2 in
  logit_slope (@nmse R K) z y j
    (2%:R * u j * ((1 - K%:R * nmse u y) * (u j - s) - ((y == j)%:R - u y)) / (K%:R * s + K%:R - 2%:R)).
Proof.
move=> u s; rewrite /logit_slope.
have -> : (fun h => nmse (softmax (moved z j h)) y)
    = (fun h => mse (softmax (moved z j h)) y * ((K%:R - 2%:R) + K%:R * \sum_i softmax (moved z j h) i ^+ 2)^-1).
  apply/funext => h; rewrite /nmse /normalised label_sum_mse; congr (_ / _).
  by rewrite -addrA addrC.
have bottom : D (fun h => (K%:R - 2%:R) + K%:R * \sum_i softmax (moved z j h) i ^+ 2) _ :=
  D_add (D_const (K%:R - 2%:R)) (D_scale K%:R (squares_slope z j)).
have b0 : 0 < K%:R * s + K%:R - 2%:R by have := label_sum_mse_gt0 u; rewrite label_sum_mse.
have bE : (K%:R - 2%:R) + K%:R * (\sum_i softmax (moved z j 0) i ^+ 2) = K%:R * s + K%:R - 2%:R.
  by rewrite moved0 -/u -/s -[RHS]addrA [RHS]addrC.
have bn : (K%:R - 2%:R) + K%:R * (\sum_i softmax (moved z j 0) i ^+ 2) != 0 by rewrite bE gt_eqF.
apply: (D_eq (D_mul (mse_slope z y j) (D_inv bn bottom))); rewrite bE moved0 -/u -/s.
have -> : nmse u y = mse u y / (K%:R * s + K%:R - 2%:R) by rewrite /nmse /normalised label_sum_mse.
have b1 : K%:R * s + K%:R - 2%:R != 0 by rewrite gt_eqF.
move: (mse u y) (u j) (u y) (y == j)%:R b1; clear bn bE bottom b0; move: s => s m x t e b1.
by field; rewrite -natrD.
Qed.

(* The part of class i in the slope of RLL. *)
Definition rll_part (alpha : R) (u : simplex) y i :=
  if i == y then - u i / (alpha + u i) else u i / ((K%:R - 1) * (alpha + u i)).

Lemma rll_slope (alpha : R) z y j : 0 < alpha -> let u := softmax z in
  logit_slope (rll (fun t => ln (alpha + t))) z y j
    (rll_part alpha u y j - u j * \sum_i rll_part alpha u y i).
Proof.
move=> alpha0 u; rewrite /logit_slope; pose c i : R := if i == y then -1 else (K%:R - 1)^-1.
have inside i h : 0 < alpha + softmax (moved z j h) i by rewrite addr_gt0 ?softmax_gt0.
have -> : (fun h => rll (fun t => ln (alpha + t)) (softmax (moved z j h)) y)
    = (fun h => (ln (alpha + 1) - ln (alpha + 0)) + \sum_i c i * ln (alpha + softmax (moved z j h) i)).
  apply/funext => h; rewrite /rll /separable -addrA; congr (_ + _).
  rewrite [in RHS](bigD1 y) // /c eqxx mulN1r; congr (_ + _).
  by apply: eq_bigr => i /negbTE ->; rewrite mulrC.
have each i : D (fun h => c i * ln (alpha + softmax (moved z j h) i))
    (rll_part alpha u y i * (i == j)%:R - u j * rll_part alpha u y i).
  have line := D_add (D_const alpha) (softmax_slope z j i).
  apply: D_eq (D_scale (c i) (D_comp (is_derive1_ln (inside i 0)) line)) _.
  have := inside i 0; rewrite moved0 -/u /c /rll_part; have := K1_neq0 R k.
  by case: (i == y); move: (u i) (u j) (i == j)%:R => a b e K1 a0; field; rewrite gt_eqF.
apply: D_eq (D_add (D_const _) (D_sum each)) _; rewrite add0r sumrB -mulr_sumr; congr (_ - _).
rewrite -(point_mean (j : ordinal_finType K) (fun i => rll_part alpha u y i)); apply: eq_bigr => i _.
by rewrite mulrC.
Qed.

(* claim: D3; every K >= 2, every alpha > 0, every q but 0 *)
(* The partial derivatives in the logits z, u = softmax(z), of CCE, MAE and GCE; of MSE, NMSE and RLL. *)
Theorem D3 (alpha q : R) z y j : 0 < alpha -> q != 0 ->
  let u := softmax z in let s := \sum_i u i ^+ 2 in let e := (y == j)%:R in
  [/\ logit_slope (of_label (fun t => - ln t)) z y j (u j - e),
      logit_slope (@mae R K) z y j (2%:R * u y * (u j - e))
    & logit_slope (of_label (gce q)) z y j (pow q (u y) * (u j - e))] /\
  [/\ logit_slope (@mse R K) z y j (2%:R * u j * (u j - e - s + u y)),
      logit_slope (@nmse R K) z y j
        (2%:R * u j * ((1 - K%:R * nmse u y) * (u j - s) - (e - u y)) / (K%:R * s + K%:R - 2%:R))
    & logit_slope (rll (fun t => ln (alpha + t))) z y j (rll_part alpha u y j - u j * \sum_i rll_part alpha u y i)].
Proof.
move=> alpha0 q0 u s e; split; split.
- exact: cce_slope.
- exact: mae_slope.
- exact: gce_slope.
- exact: mse_slope.
- exact: nmse_slope.
exact: rll_slope.
Qed.

(* part of: D3.label; every K >= 2, f differentiable at u_y; not that the paths are the same *)
(* The gradient of f(u_y) is -u_y f'(u_y) times that of CCE. *)
Theorem D3_label (f : R -> R) (d : R) z y j : is_derive (softmax z y) (1 : R) f d ->
  let g := softmax z j - (y == j)%:R in
  logit_slope (of_label f) z y j (- (softmax z y * d) * g) /\ logit_slope (of_label (fun t => - ln t)) z y j g.
Proof. by move=> df g; split; [exact: label_slope | exact: cce_slope]. Qed.
End Softmax.
