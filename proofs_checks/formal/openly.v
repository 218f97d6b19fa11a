(* R2 where the loss need only be finite on the open simplex, and R2.general as one equivalence. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp.
From Lossmatters Require Import definitions symmetry affine risk converse.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* Outputs without a 0. *)
Record inner (R : realFieldType) (K : nat) := Inner {
  inner_output :> dist R (ordinal_finType K);
  inner_interior : interior inner_output }.

Section Open.
Variables (R : realFieldType) (k : nat) (f : R -> R) (eta : R).
Local Notation K := k.+2.
Hypothesis falls : forall s t, 0 < s < t -> t < 1 -> f t < f s.
Hypothesis rate : 0 < eta < threshold R K.

Local Notation L := (fun (u : inner R K) y => f (u y)).

Lemma inner_lt1 (u : inner R K) i : u i < 1.
Proof.
have [j ji] : exists j : 'I_K, j != i.
  by have [-> | i0] := eqVneq i ord0; [exists (lift ord0 ord0) | exists ord0; rewrite eq_sym].
have := weight_sum u; rewrite (bigD1 i) //= (bigD1 j) //=; set z := \sum_(_ | _) _ => total.
have z0 : 0 <= z by apply: sumr_ge0 => m _; apply: weight_ge0.
by rewrite -total ltr_addl ltr_paddr // inner_interior.
Qed.

Lemma even_interior : interior (uniform R k.+1).
Proof. by move=> i; rewrite /= invr_gt0 ltr0n. Qed.

(* claim: R2; every K >= 2, f strictly decreasing on (0, 1), outputs without a 0 *)
(* If f falls strictly on (0, 1) and noise at one rate keeps every order of risks, the loss has one label sum at all outputs without a 0. *)
Theorem R2_open : keeps_order L eta -> exists C, symmetric L C.
Proof.
move=> keeps; exists (label_sum L (Inner even_interior)) => u; apply/eqP/negPn/negP.
move: (Inner even_interior) => v; case/andP: rate => eta0 below.
have no_reversal (x y : inner R K) : label_sum L y < label_sum L x -> False.
  move=> lt; have apart : exists j, x j != y j.
    apply/existsP; apply: contraT => /existsPn same.
    move: lt; rewrite /label_sum [X in _ < X](eq_bigr (fun j => f (y j))) ?ltxx // => j _.
    by have := same j; rewrite negbK => /eqP ->.
  have [i yi] := one_is_larger apart.
  have [|j xj] := @one_is_larger _ _ y x; first by case: apart => j xy; exists j; rewrite eq_sym.
  have [||P [h1 [h2 [clean noisy]]]] := @R2_witness _ _ _ L eta x y j i eta0 below _ _ lt.
  - by apply: falls; rewrite ?inner_lt1 // inner_interior.
  - by apply: falls; rewrite ?inner_lt1 // inner_interior.
  by have /(lt_trans noisy) := (keeps P h1 h2).1 clean; rewrite ltxx.
by rewrite neq_lt => /orP[]; apply: no_reversal.
Qed.
End Open.

Section Linear.
Variables (R : archiFieldType) (k : nat) (f : R -> R) (C : R).
Local Notation K := k.+3.
Local Notation L := (fun (u : inner R K) y => f (u y)).
Hypothesis falls : forall s t, 0 < s < t -> t < 1 -> f t < f s.
Hypothesis sym : symmetric L C.

(* The simplex with all weights at least e is the simplex again. *)
Section Shrunk.
Variable e : R.
Hypotheses (e0 : 0 < e) (e1 : K%:R * e < 1).

Local Notation room := (1 - K%:R * e).
Definition shrunk (t : R) := e + room * t.

Lemma room_gt0 : 0 < room. Proof. by rewrite subr_gt0. Qed.

Lemma shrunk_gt0 t : 0 <= t -> 0 < shrunk t.
Proof. by move=> t0; rewrite ltr_paddr // mulr_ge0 // ltW // room_gt0. Qed.

Lemma shrunk_sum (v : simplex R K) : \sum_i shrunk (v i) = 1.
Proof. by rewrite big_split /= -mulr_sumr weight_sum sumr_const card_ord -[_ *+ _]mulr_natl; ring. Qed.

Definition shrunk_output (v : simplex R K) : inner R K :=
  @Inner R K (Dist (fun i => ltW (shrunk_gt0 (weight_ge0 v i))) (shrunk_sum v))
    (fun i => shrunk_gt0 (weight_ge0 v i)).

Lemma shrunk_lt1 t : t <= 1 -> shrunk t < 1.
Proof.
move=> t1; have le : room * t <= room * 1 by rewrite ler_pmul2l ?room_gt0.
have more : 0 < (k.+2)%:R * e by rewrite mulr_gt0 ?ltr0n.
by apply: (lt_from (ltr_le_add more le)); rewrite /shrunk [K%:R]mulrSr; ring.
Qed.

Lemma affine_shrunk : affine_on_unit (f \o shrunk).
Proof.
have GE t : generator K (f \o shrunk) (fun=> 0) t = f (shrunk t) by rewrite /generator mulr0 addr0.
have sym0 : symmetric (separable (K := K) (f \o shrunk) (fun=> 0)) C.
  move=> v; rewrite separable_sum -(sym (shrunk_output v)).
  by apply: eq_bigr => i _; rewrite GE.
have weakly s t : 0 <= s <= t -> t <= 1 ->
    generator K (f \o shrunk) (fun=> 0) t <= generator K (f \o shrunk) (fun=> 0) s.
  rewrite !GE => /andP[s0]; rewrite le_eqVlt => /orP[/eqP -> // | st] t1.
  apply: ltW; apply: falls; last exact: shrunk_lt1.
  by rewrite shrunk_gt0 // ltr_add2l ltr_pmul2l ?room_gt0.
by move=> t t0 t1; have := S1_monotone sym0 weakly t0 t1; rewrite !GE.
Qed.
End Shrunk.

Lemma on_line s t x : 0 < s < t -> t < x -> x < 1 ->
  (f x - f s) * (t - s) = (f t - f s) * (x - s).
Proof.
case/andP=> s0 st tx x1; have K0 : 0 < K%:R :> R by rewrite ltr0n.
have K1 : 0 < K%:R - 1 :> R by rewrite subr_gt0 ltr1n.
pose e := Num.min (s / K%:R) ((1 - x) / K%:R) / 2%:R.
have m0 : 0 < Num.min (s / K%:R) ((1 - x) / K%:R) by rewrite lt_minr !divr_gt0 // subr_gt0.
have e0 : 0 < e by rewrite divr_gt0 // ltr0n.
have em : e <= Num.min (s / K%:R) ((1 - x) / K%:R).
  by rewrite ler_pdivr_mulr ?ltr0n // ler_pmulr // ler1n.
move: em; rewrite le_minr !ler_pdivl_mulr // => /andP[es ex].
have e1 : K%:R * e < 1.
  by rewrite mulrC; apply: le_lt_trans es _; apply: lt_trans st _; apply: lt_trans tx x1.
have line := affine_shrunk e0 e1.
pose room := 1 - K%:R * e; have r0 : 0 < room by rewrite subr_gt0.
pose back z := (z - e) / room.
have backK z : shrunk e (back z) = z by rewrite /shrunk /back mulrC divfK ?gt_eqF // addrC subrK.
have each z : s <= z -> z <= x -> f z = f (shrunk e 0) + back z * (f (shrunk e 1) - f (shrunk e 0)).
  move=> sz zx; have := line (back z); rewrite /= backK; apply.
    rewrite divr_ge0 ?(ltW r0) // subr_ge0; apply: le_trans sz; apply: le_trans es.
    by rewrite ler_pmulr // ler1n.
  rewrite ler_pdivr_mulr // mul1r; apply: (le_from (ler_add (ler_add zx ex) (ltW e0))).
  by rewrite /room; ring.
have [sx ts] := (ltW (lt_trans st tx), ltW st).
rewrite (each s) // (each x) // (each t) // ?(ltW tx) //.
by rewrite /back; move: (f (shrunk e 0)) (f (shrunk e 1)) => a b; field; rewrite gt_eqF.
Qed.

Lemma through_line (a b p q t r : R) : b - a != 0 -> (r - p) * (b - a) = (q - p) * (t - a) ->
  r = p + (p - q) / (b - a) * a - (p - q) / (b - a) * t.
Proof.
move=> gap line; have -> : r = p + (q - p) * (t - a) / (b - a) by rewrite -line mulfK // addrC subrK.
by field.
Qed.

(* claim: R2; every K >= 3, f strictly decreasing on (0, 1), outputs without a 0, every archimedean field *)
(* For three classes or more such an f is c - m t with m > 0 on (0, 1). *)
Theorem R2_open_linear : exists c m, 0 < m /\ forall t, 0 < t < 1 -> f t = c - m * t.
Proof.
have third0 : 0 < 3%:R^-1 :> R by rewrite invr_gt0 ltr0n.
have third1 : 3%:R^-1 < 2%:R^-1 :> R by rewrite ltf_pinv ?posrE ?ltr0n // ltr_nat.
have half1 : 2%:R^-1 < 1 :> R by rewrite invf_lt1 ?ltr0n // ltr1n.
have gap : 2%:R^-1 - 3%:R^-1 != 0 :> R by rewrite gt_eqF // subr_gt0.
pose m := (f 3%:R^-1 - f 2%:R^-1) / (2%:R^-1 - 3%:R^-1).
have drop : f 2%:R^-1 < f 3%:R^-1 by apply: falls; rewrite ?third0.
exists (f 3%:R^-1 + m * 3%:R^-1), m; split; first by rewrite divr_gt0 // subr_gt0.
move=> t /andP[t0 t1].
suff line : (f t - f 3%:R^-1) * (2%:R^-1 - 3%:R^-1) = (f 2%:R^-1 - f 3%:R^-1) * (t - 3%:R^-1).
  exact: through_line gap line.
have [t_low | t_ge] := ltP t 3%:R^-1.
  have := @on_line t 3%:R^-1 2%:R^-1; rewrite t0 t_low third1 half1 => /(_ isT isT isT).
  move: (f t) (f 3%:R^-1) (f 2%:R^-1) => p q r; move: (2%:R^-1) (3%:R^-1) => a b eq.
  apply/eqP; rewrite -subr_eq0; apply/eqP.
  have zero : (r - p) * (b - t) - (q - p) * (a - t) = 0 by rewrite eq subrr.
  by rewrite -zero; ring.
have [-> | t3] := eqVneq t 3%:R^-1; first by rewrite !subrr mul0r mulr0.
have {t_ge t3} t_gt : 3%:R^-1 < t by rewrite lt_neqAle eq_sym t3.
have [t_mid | t_hi] := ltP t 2%:R^-1.
  have := @on_line 3%:R^-1 t 2%:R^-1; rewrite third0 t_gt t_mid half1 => /(_ isT isT isT) ->.
  by [].
have [-> // | t2] := eqVneq t 2%:R^-1.
by have := @on_line 3%:R^-1 2%:R^-1 t; rewrite third0 third1 t1 lt_neqAle eq_sym t2 t_hi => /(_ isT isT isT).
Qed.
End Linear.

(* claim: R2.general; every K >= 2, every loss on any set of outputs, finite input distributions *)
(* Noise at one rate between 0 and the threshold keeps the order of all risks exactly where L is symmetric or L = c(u) + r(y); otherwise it reverses one on two inputs with certain labels. *)
Theorem R2_iff (R : realFieldType) (k : nat) (U : Type) (L : loss R k.+2 U) (eta : R) :
  0 < eta < threshold R k.+2 ->
  let spared := (exists C, symmetric L C) \/ (exists c r, forall u y, L u y = c u + r y) in
  (keeps_order L eta <-> spared) /\
  (~ spared -> exists (a b : 'I_k.+2) (p : dist R bool_finType) (h1 h2 : bool -> U),
    risk L (P := two_inputs p a b) h1 < risk L (P := two_inputs p a b) h2 /\
    uniform_risk L eta (P := two_inputs p a b) h2 < uniform_risk L eta (P := two_inputs p a b) h1).
Proof.
move=> rate spared.
have found : ~ spared -> exists (a b : 'I_k.+2) (p : dist R bool_finType) (h1 h2 : bool -> U),
    risk L (P := two_inputs p a b) h1 < risk L (P := two_inputs p a b) h2 /\
    uniform_risk L eta (P := two_inputs p a b) h2 < uniform_risk L eta (P := two_inputs p a b) h1.
  move=> no; have [u0 [v0 sums]] : exists u0 v0, label_sum L u0 != label_sum L v0.
    apply: contrapT => same; apply: no; left.
    have [[u _] | empty] := EM (exists u : U, True); last first.
      by exists 0 => u; case: empty; exists u.
    exists (label_sum L u) => w; apply/eqP; apply: contraT => off.
    by case: same; exists w, u.
  have [u [v [i [j gaps]]]] : exists u v i j, L u i - L v i != L u j - L v j.
    apply: contrapT => same; apply: no; right.
    exists (fun u => L u ord0 - L u0 ord0), (fun y => L u0 y) => u y.
    apply/eqP; apply: contraT => off; case: same; exists u, u0, y, ord0.
    by apply: contra off => /eqP gap; rewrite -subr_eq gap.
  exact: R2_general rate _ _ _ _ _ _ sums gaps.
split=> //; split=> [keeps | [[C sym] | [c [r LE]]]].
- apply: contrapT => /found [a [b [p [h1 [h2 [clean noisy]]]]]].
  by have /(lt_trans noisy) := (keeps (two_inputs p a b) h1 h2).1 clean; rewrite ltxx.
- by case/andP: rate => _ below; apply: R2_symmetric sym below.
have -> : L = (fun u y => c u + r y) by apply/funext => u; apply/funext => y.
exact: R2_additive.
Qed.
