(* M1: accuracy on altered and on clean labels. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From Lossmatters Require Import definitions.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Shares.
Variables (R : realFieldType) (N : finType).
Implicit Types A B : pred N.

(* Shares of samples; a share of none is 0, for x / 0 = 0. *)
Definition share A : R := #|A|%:R / #|N|%:R.
Definition share_among B A : R := #|predI A B|%:R / #|B|%:R.

Lemma share_split A B : share A = share B * share_among B A + (1 - share B) * share_among (predC B) A.
Proof.
rewrite /share /share_among; have [N0 | N0] := eqVneq #|N| 0%N.
  have none (X : pred N) : #|X| = 0%N by apply/eqP; rewrite -leqn0 -N0 max_card.
  by rewrite !none !mul0r !mulr0 addr0.
have nN : #|N|%:R != 0 :> R by rewrite pnatr_eq0.
have -> : 1 - #|B|%:R / #|N|%:R = #|predC B|%:R / #|N|%:R :> R.
  rewrite -[X in X - _](divff nN) -mulrBl; congr (_ / _).
  by rewrite -[in X in X - _](cardC B) natrD [X in X - _]addrC addrK.
have part (X : pred N) : #|X|%:R / #|N|%:R * (#|predI A X|%:R / #|X|%:R) = #|predI A X|%:R / #|N|%:R :> R.
  have [X0 | X0] := eqVneq #|X| 0%N; last by field; rewrite nN pnatr_eq0.
  have -> : #|predI A X| = 0%N by apply/eqP; rewrite -leqn0 -X0 subset_leq_card //; apply/subsetP=> n /andP[].
  by rewrite X0 !mul0r.
rewrite !part -mulrDl -natrD -(cardID B A); congr (_%:R / _); congr (_ + _)%N.
by apply: eq_card => n; rewrite !inE andbC.
Qed.
End Shares.

Section M1.
Variables (R : realFieldType) (N : finType) (Y : eqType) (clean noisy guess : N -> Y).

Definition altered n := noisy n != clean n.
Definition fits_noisy n := guess n == noisy n.
Definition fits_clean n := guess n == clean n.

Definition J1 : R := share R fits_noisy.
Definition J2 : R := share R fits_clean.
Definition f : R := share R altered.
Definition A_c : R := share_among R (predC altered) fits_clean.
Definition M : R := share_among R altered fits_noisy.
Definition A_f : R := share_among R altered fits_clean.

(* claim: M1; every finite sample *)
(* J1 is (1-f) A_c + f M, and J2 is (1-f) A_c + f A_f. *)
Theorem M1 : J1 = (1 - f) * A_c + f * M /\ J2 = (1 - f) * A_c + f * A_f.
Proof.
split; rewrite [LHS](share_split _ _ altered) addrC //; congr (_ * _ + _).
congr (_%:R / _); apply: eq_card => n; rewrite !inE /fits_noisy /fits_clean /altered negbK.
by case: (noisy n =P clean n) => [->|_]; rewrite ?andbF ?andbT.
Qed.

(* claim: M1; every finite sample *)
(* J1 - J2 = f (M - A_f). *)
Theorem M1_gap : J1 - J2 = f * (M - A_f).
Proof. by have [-> ->] := M1; ring. Qed.

(* claim: M1; every finite sample *)
(* J1 < J2 exactly when altered samples are recovered more often than memorised. *)
Theorem M1_order : J1 < J2 <-> M < A_f.
Proof.
rewrite -[J1 < _]subr_lt0 M1_gap -[M < _]subr_lt0; have [f0 | f0] := eqVneq #|altered| 0%N.
  by rewrite /M /A_f /share_among f0 invr0 !mulr0 subrr mulr0.
have N0 : (0 < #|N|)%N by apply: leq_trans (max_card altered); rewrite lt0n.
by rewrite pmulr_rlt0 // divr_gt0 ?ltr0n // lt0n.
Qed.

Lemma rates : [/\ 0 <= A_c <= 1, 0 <= M, 0 <= A_f & M + A_f <= 1].
Proof.
have ge0 B A : 0 <= share_among R B A by rewrite divr_ge0 ?ler0n.
rewrite !ge0 /=; split=> //.
  rewrite /A_c /share_among; have [->|c0] := eqVneq #|predC altered| 0%N; first by rewrite invr0 mulr0 ler01.
  by rewrite ler_pdivr_mulr ?ltr0n ?lt0n // mul1r ler_nat subset_leq_card //; apply/subsetP=> n /andP[].
rewrite /M /A_f /share_among -mulrDl -natrD.
have [->|c0] := eqVneq #|altered| 0%N; first by rewrite invr0 mulr0 ler01.
rewrite ler_pdivr_mulr ?ltr0n ?lt0n // mul1r ler_nat -cardUI [X in (_ + X)%N]eq_card0 ?addn0.
  by apply: subset_leq_card; apply/subsetP=> n; rewrite !inE => /orP[]/andP[].
move=> n; rewrite !inE /fits_noisy /fits_clean /altered.
by apply/negP => /andP[/andP[/eqP <- /negP no] /andP[/eqP eq _]]; apply: no; apply/eqP.
Qed.
End M1.

Section Region.
Variable R : realFieldType.
Implicit Types s : R.

(* (j1, j2) comes from a share s of altered labels and some rates. *)
Definition reachable s (j1 j2 : R) := exists a_c m a_f,
  [/\ 0 <= a_c <= 1, [/\ 0 <= m, 0 <= a_f & m + a_f <= 1],
      j1 = (1 - s) * a_c + s * m & j2 = (1 - s) * a_c + s * a_f].

(* (j1, j2) is a mean of the corners (0, 0), (s, 0), (1, 1 - s), (1 - s, 1), (0, s). *)
Definition pentagon s (j1 j2 : R) := exists w : simplex R 5,
  j1 = \sum_i w i * nth 0 [:: 0; s; 1; 1 - s; 0] i /\
  j2 = \sum_i w i * nth 0 [:: 0; 0; 1 - s; 1; s] i.

Definition five (a b c d e : R) : 'I_5 -> R := fun i => nth 0 [:: a; b; c; d; e] i.

Lemma sum_five (F : 'I_5 -> R) :
  \sum_i F i = F 0 + (F 1 + (F 2%:R + (F 3%:R + F 4%:R))).
Proof.
rewrite 5!big_ord_recl big_ord0 addr0.
by do !(congr (_ + _)); congr F; apply: val_inj.
Qed.

Lemma five_simplex a b c d e : 0 <= a -> 0 <= b -> 0 <= c -> 0 <= d -> 0 <= e ->
  a + (b + (c + (d + e))) = 1 -> exists w : simplex R 5, forall i, w i = five a b c d e i.
Proof.
move=> a0 b0 c0 d0 e0 total.
have ge0 : forall i : ordinal_finType 5, 0 <= five a b c d e i.
  by case=> [[|[|[|[|[|i]]]]]].
have sum1 : \sum_(i : ordinal_finType 5) five a b c d e i = 1 by rewrite sum_five.
by exists (Dist ge0 sum1).
Qed.

(* claim: M1.region; every share of altered labels *)
(* The pairs (J1, J2) that some rates give are the means of the five corners, and no others. *)
Theorem M1_region s j1 j2 : 0 <= s <= 1 -> reachable s j1 j2 <-> pentagon s j1 j2.
Proof.
move=> /andP[s0 s1]; split.
  case=> [a [m [r [/andP[a0 a1] [m0 r0 mr] -> ->]]]].
  have s2 : 0 < 2%:R - s by rewrite subr_gt0 (le_lt_trans s1) ?ltr1n.
  pose t := 2%:R * (1 - s) / (2%:R - s).
  have t0 : 0 <= t by rewrite /t !mulr_ge0 ?invr_ge0 ?(ltW s2) ?subr_ge0 ?ler0n.
  have t1 : t <= 1.
    by rewrite ler_pdivr_mulr // mul1r; apply: (le_from s0); ring.
  pose rest := 1 - m - r.
  have rest0 : 0 <= rest by rewrite /rest -addrA -opprD subr_ge0.
  have b0 : 0 <= 1 - a by rewrite subr_ge0.
  have u0 : 0 <= 1 - t by rewrite subr_ge0.
  have half0 : 0 <= 2%:R^-1 :> R by rewrite invr_ge0 ler0n.
  have [||||||w wE] := @five_simplex ((1 - a) * rest + a * rest * (1 - t))
    ((1 - a) * m) (a * m + a * rest * t / 2%:R) (a * r + a * rest * t / 2%:R) ((1 - a) * r);
    do ?[assumption | apply: addr_ge0 | apply: mulr_ge0]; first by rewrite /rest; field.
  exists w; rewrite !sum_five !wE /five /= /rest /t.
  by split; field; rewrite gt_eqF.
case=> w [-> ->]; rewrite !sum_five /=.
exists (w 2%:R + w 3%:R), (w 1 + w 2%:R), (w 3%:R + w 4%:R).
have := weight_sum w; rewrite sum_five => total.
have := weight_ge0 w; move: total.
set a := w 0; set b := w 1; set c := w 2%:R; set d := w 3%:R; set e := w 4%:R => total w0.
have [a0 b0 c0 d0 e0] : [/\ 0 <= a, 0 <= b, 0 <= c, 0 <= d & 0 <= e] by split; apply: w0.
clearbody a b c d e.
split; [| split | | ]; rewrite ?addr_ge0 //=.
- by apply: (le_from (addr_ge0 a0 (addr_ge0 b0 e0))); rewrite -total; ring.
- by apply: (le_from a0); rewrite -total; ring.
- by ring.
- by ring.
Qed.

(* claim: M1.region; every share of altered labels *)
(* A perfect memoriser is at (1, 1-f), a perfect resister at (1-f, 1). *)
Theorem M1_corners s : let J1 a_c m := (1 - s) * a_c + s * m in let J2 := J1 in
  (J1 1 1, J2 1 0) = (1, 1 - s) /\ (J1 1 0, J2 1 1) = (1 - s, 1).
Proof. by split; congr (_, _); rewrite /=; ring. Qed.
End Region.
