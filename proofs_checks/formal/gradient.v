(* R7: gradients under uniform noise, with any linear map in their place. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions risk.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section R7.
Variables (R : realFieldType) (k : nat) (eta : R).
Local Notation K := k.+2.

(* l y: the loss of the label y as a function, a vector of V; their sum is the constant c. *)
(* claim: R7; every K >= 2, every rate, every linear map *)
(* For every linear map D, the mean of D L over noisy labels is a D L + b D C. *)
Theorem R7 (V W : lmodType R) (D : {linear V -> W}) (l : 'I_K -> V) (c : V) i :
  \sum_y l y = c ->
  \sum_j uniform_noise eta i j *: D (l j) = slope K eta *: D (l i) + flip K eta *: D c.
Proof.
move=> <-; rewrite (bigD1 i) //= [in RHS](bigD1 i) //= /uniform_noise eqxx.
under eq_bigr => j /negbTE -> do [].
rewrite linearD linear_sum scalerDr addrA -scalerDl -scaler_sumr; congr (_ *: _ + _).
by rewrite /slope /flip; field; apply: K1_neq0.
Qed.

(* g x y w: the gradient of the loss at the input x and the label y, at the parameters w. *)
Variables (W : lmodType R) (P : problem R K) (g : input P -> 'I_K -> W -> W).

Definition clean_gradient (w : W) := \sum_x prob P x *: \sum_i posterior x i *: g x i w.

Definition noisy_gradient (w : W) :=
  \sum_x prob P x *: \sum_i posterior x i *: \sum_j uniform_noise eta i j *: g x j w.

(* n steps of gradient descent. *)
Definition descent (step : R) (gradient : W -> W) n (w : W) :=
  iter n (fun w => w - step *: gradient w) w.

(* part of: R7; every K >= 2, every rate but the threshold *)
(* Where the gradients of the labels sum to 0, n steps of descent on the noise-averaged loss at step l/a are n steps of clean descent at step l. *)
Theorem R7_path (step : R) n w :
  (forall x w, \sum_y g x y w = 0) -> slope K eta != 0 ->
  descent (step / slope K eta) noisy_gradient n w = descent step clean_gradient n w.
Proof.
move=> constant a0; apply: eq_iter => {}w; congr (_ - _).
have -> : noisy_gradient w = slope K eta *: clean_gradient w.
  rewrite /noisy_gradient [RHS]scaler_sumr; apply: eq_bigr => x _.
  rewrite [RHS]scalerA mulrC -scalerA [in RHS]scaler_sumr; congr (_ *: _); apply: eq_bigr => i _.
  have /= -> := R7 [linear of idfun] i (constant x w).
  by rewrite scaler0 addr0 !scalerA mulrC.
by rewrite scalerA divfK.
Qed.
End R7.

Section Descent.
Variables (R : realFieldType) (k : nat) (eta : R).
Local Notation K := k.+2.
Variables (V W : lmodType R) (P : problem R K).

(* V: functions of the weights, in which the losses lie; gradient w: their gradients at the weights w. *)
(* claim: R7; every K >= 2, every rate but the threshold, finite input distributions, any gradient that is linear and 0 on constants *)
(* Where the losses of the labels sum to the constant C, and constants have the gradient 0, n steps of descent on the noise-averaged loss at step l/a are n steps of clean descent at step l. *)
Theorem R7_descent (gradient : W -> {linear V -> W}) (l : input P -> 'I_K -> V) (one : V) (C step : R) n w :
  (forall x, \sum_y l x y = C *: one) -> (forall w, gradient w one = 0) -> slope K eta != 0 ->
  let g x y w := gradient w (l x y) in
  descent (step / slope K eta) (noisy_gradient eta g) n w = descent step (clean_gradient g) n w.
Proof.
move=> sym constant a0 g; apply: R7_path => // x w'.
by rewrite /g -linear_sum sym linearZ /= constant scaler0.
Qed.
End Descent.
