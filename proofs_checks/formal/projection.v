(* N3.nmse: what minimises the conditional risk of the normalised MSE is a projection on the simplex. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp.
From Lossmatters Require Import definitions symmetry risk losses minimisers logarithm water.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Definition distance2 (R : realFieldType) K (u : simplex R K) (a : 'I_K -> R) := \sum_i (u i - a i) ^+ 2.

Section Nearest.
Variables (R : realType) (k : nat) (a : 'I_k.+2 -> R).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).

(* The point of the simplex that is nearest to a, and how much farther all others are. *)
Lemma nearest : exists (v : simplex) (tau : R), (forall i, v i = Num.max 0 (a i - tau)) /\
  forall u : simplex, distance2 v a + distance2 u v <= distance2 u a.
Proof.
pose A := \sum_i `|a i|; pose water := held (fun _ : 'I_K => -1) a xpredT.
have small i : `|a i| <= A.
  by rewrite /A (bigD1 i) //= ler_addl; apply: sumr_ge0 => j _; exact: normr_ge0.
have A0 : 0 <= A := le_trans (normr_ge0 _) (small ord0).
have water1 : water A <= 1.
  rewrite /water /held big1 ?ler01 // => i _; apply/max_idPl.
  by rewrite mulN1r addrC subr_le0 (le_trans (ler_norm _)).
have water0 : 1 <= water (- A - 1).
  rewrite /water /held (bigD1 ord0) //= -[leLHS]addr0 ler_add //; last first.
    by apply: sumr_ge0 => i _; rewrite le_maxr lexx.
  rewrite le_maxr; apply/orP; right; rewrite mulN1r opprB opprK [1 + A]addrC -addrA [1 + _]addrC addrA.
  rewrite ler_addr -ler_subl_addr sub0r; have := small ord0; rewrite ler_norml => /andP[low _].
  by rewrite ler_oppl.
have ends : - A - 1 <= A.
  by rewrite ler_subl_addr (le_trans (y := 0)) ?oppr_le0 // addr_ge0 ?ler01.
have [|tau _ total] := @level R _ (fun _ : 'I_K => -1) a xpredT _ _ ends.
  by rewrite -/(water _) -/(water A) le_minl water1 orbT /= le_maxr water0.
have ge0 (i : ordinal_finType K) : 0 <= Num.max 0 (a i - tau) by rewrite le_maxr lexx.
have sum1 : \sum_(i : ordinal_finType K) Num.max 0 (a i - tau) = 1.
  by rewrite -[RHS]total; apply: eq_bigr => i _; rewrite mulN1r addrC.
pose v : simplex := Dist ge0 sum1; exists v, tau; split=> // u.
rewrite -subr_ge0; have -> : distance2 u a - (distance2 v a + distance2 u v)
    = 2%:R * \sum_i (u i - v i) * (v i - a i).
  rewrite /distance2 -big_split /= -sumrB mulr_sumr; apply: eq_bigr => i _.
  by rewrite /=; move: (Num.max 0 (a i - tau)) (u i) (a i) => y x z; ring.
rewrite mulr_ge0 //.
have none : \sum_i (u i - v i) * - tau = 0.
  by rewrite -mulr_suml sumrB (weight_sum u) (weight_sum v) subrr mul0r.
apply: (@le_trans _ _ (\sum_i (u i - v i) * - tau)); first by rewrite none.
apply: ler_sum => i _ /=; have [low | high] := leP (a i - tau) 0.
  by rewrite subr0 sub0r ler_wpmul2l ?weight_ge0 // ler_opp2 -subr_le0.
by rewrite [X in _ <= _ * X](_ : _ = - tau) //; ring.
Qed.
End Nearest.

Section Normalised.
Variables (R : realType) (k : nat) (pi : simplex R k.+2).
Local Notation K := k.+2.
Local Notation simplex := (simplex R K).
Local Notation risk := (conditional (@nmse R K) pi).
Implicit Types (u : simplex) (lambda : R).

Let top u := conditional (@mse R K) pi u.
Let bottom u := label_sum (@mse R K) u.

Lemma nmse_risk u : risk u = top u / bottom u.
Proof. by rewrite /top /conditional mulr_suml; apply: eq_bigr => j _; rewrite /nmse /normalised mulrA. Qed.

Lemma bottom_gt0 u : 0 < bottom u. Proof. exact: label_sum_mse_gt0. Qed.

Lemma squares_le1 u : \sum_i u i ^+ 2 <= 1.
Proof.
rewrite -[leRHS](weight_sum u); apply: ler_sum => i _.
by rewrite expr2 ler_pimulr ?weight_ge0 ?weight_le1.
Qed.

Lemma bottom_le u : bottom u <= 2%:R * (K%:R - 1).
Proof.
rewrite /bottom label_sum_mse; have := squares_le1 u; rewrite -(ler_pmul2l (x := K%:R)) ?ltr0n // mulr1.
by move: (K%:R * _) => s le; apply: (le_from le); ring.
Qed.

Lemma topE u : top u = \sum_i u i ^+ 2 - 2%:R * (\sum_i pi i * u i) + 1.
Proof.
rewrite /top conditional_mse; have -> : \sum_i (u i - pi i) ^+ 2
    = \sum_i u i ^+ 2 - 2%:R * (\sum_i pi i * u i) + \sum_i pi i ^+ 2.
  rewrite mulr_sumr -sumrB -big_split; apply: eq_bigr => i _ /=; ring.
by set s := \sum_i u i ^+ 2 - _; rewrite -[_ + _ + (1 - _)]addrA [_ + (1 - _)]addrC subrK.
Qed.

Lemma distance_scaled u (kappa : R) : kappa != 0 -> kappa * distance2 u (fun i => pi i / kappa)
  = kappa * (\sum_i u i ^+ 2) - 2%:R * (\sum_i pi i * u i) + (\sum_i pi i ^+ 2) / kappa.
Proof.
move=> kappa0; rewrite /distance2 !mulr_sumr mulr_suml -sumrB -big_split; apply: eq_bigr => i _ /=.
by move: (u i) (pi i) => x y; field.
Qed.

(* Dinkelbach: what is to be least is a distance, up to constants. *)
Lemma gap_distance lambda u : 1 - K%:R * lambda != 0 -> top u - lambda * bottom u
  = (1 - K%:R * lambda) * distance2 u (fun i => pi i / (1 - K%:R * lambda))
    + (1 - lambda * (K%:R - 2%:R) - (\sum_i pi i ^+ 2) / (1 - K%:R * lambda)).
Proof.
move=> kappa0; rewrite distance_scaled // topE /bottom label_sum_mse.
set s := \sum_i u i ^+ 2; set t := \sum_i pi i * u i; set w := (\sum_i pi i ^+ 2) / _.
move: s t w => s t w; ring.
Qed.

Lemma vertex_risk c : risk (vertex R c) = (1 - pi c) / (K%:R - 1).
Proof.
have one : \sum_i vertex R c i ^+ 2 = 1.
  by rewrite (bigD1 c) //= eqxx big1 ?addr0 ?expr1n // => i /negbTE ->; rewrite expr0n.
rewrite nmse_risk topE /bottom label_sum_mse one sum_vertex.
have -> : K%:R * 1 + K%:R - 2%:R = 2%:R * (K%:R - 1) :> R by ring.
have -> : 1 - 2%:R * pi c + 1 = 2%:R * (1 - pi c) by move: (pi c) => x; ring.
by rewrite -mulf_div divff ?mul1r // pnatr_eq0.
Qed.

Lemma risk_ge0 u : 0 <= risk u.
Proof.
rewrite nmse_risk divr_ge0 ?(ltW (bottom_gt0 u)) //; apply: sumr_ge0 => j _.
by rewrite mulr_ge0 ?weight_ge0 //; apply: sumr_ge0 => i _; exact: sqr_ge0.
Qed.

Let least := inf [set risk u | u in setT]%classic.
Let kappa := 1 - K%:R * least.

Lemma least_le u : least <= risk u.
Proof.
apply: inf_lb; last by exists u.
by exists 0 => _ [v _ <-]; exact: risk_ge0.
Qed.

Lemma least_ge x : (forall u, x <= risk u) -> x <= least.
Proof.
move=> low; apply: lb_le_inf; first by exists (risk (vertex R ord0)), (vertex R ord0).
by move=> _ [u _ <-].
Qed.

Hypothesis off : exists i, pi i != K%:R^-1.

Lemma kappa_gt0 : 0 < kappa.
Proof.
have [j] := some_weight_gt0 off; rewrite /water_weight => w0; apply: (lt_le_trans w0).
have := least_le (vertex R j); rewrite vertex_risk -(ler_pmul2l (x := K%:R)) ?ltr0n // => le.
by apply: (le_from le); rewrite /kappa; move: least (pi j) => x y; field; apply: K1_neq0.
Qed.

(* claim: N3.nmse; every K >= 2, every posterior that is not uniform *)
(* There is a least conditional risk lambda of NMSE, and 1 - K lambda > 0; only the projection of pi/(1 - K lambda) on the simplex has it. It is the vertex of c exactly where c is a likeliest label and the others are equal. *)
Theorem N3_nmse : exists (lambda : R) (v : simplex), let kappa := 1 - K%:R * lambda in
  [/\ forall u, lambda <= risk u,
      0 < kappa,
      forall u, distance2 v (fun i => pi i / kappa) <= distance2 u (fun i => pi i / kappa),
      forall u, risk u <= lambda <-> forall i, u i = v i
    & forall c, (forall i, v i = vertex R c i) <->
        (forall j, pi j <= pi c) /\ forall i j, i != c -> j != c -> pi i = pi j].
Proof.
have kappa0 := kappa_gt0; have kappan : 1 - K%:R * least != 0 := lt0r_neq0 kappa0.
have [v [tau [vE near]]] := nearest (fun i => pi i / kappa).
have same u : (forall i, u i = v i) -> distance2 u (fun i => pi i / kappa) = distance2 v (fun i => pi i / kappa).
  by move=> uv; apply: eq_bigr => i _; rewrite uv.
have nearer u : distance2 v (fun i => pi i / kappa) <= distance2 u (fun i => pi i / kappa).
  apply: le_trans (near u); rewrite ler_addl; apply: sumr_ge0 => i _; exact: sqr_ge0.
have gap_le u : top v - least * bottom v <= top u - least * bottom u.
  by rewrite !(gap_distance _ kappan) ler_add2r ler_pmul2l.
have gap_ge0 u : 0 <= top u - least * bottom u.
  by rewrite subr_ge0 -ler_pdivl_mulr ?bottom_gt0 // -nmse_risk least_le.
have attained : top v - least * bottom v = 0.
  apply/eqP; rewrite eq_le gap_ge0 andbT leNgt; apply/negP => m0.
  set m := top v - _ in m0 gap_le; have K10 := K1_gt0 R k.
  have top0 : 0 < 2%:R * (K%:R - 1) :> R by rewrite mulr_gt0 // ltr0n.
  have : least + m / (2%:R * (K%:R - 1)) <= least.
    apply: least_ge => u; rewrite nmse_risk ler_pdivl_mulr ?bottom_gt0 //.
    have := gap_le u; rewrite ler_subr_addr; apply: le_trans; rewrite mulrDl addrC ler_add2r.
    by rewrite mulrAC ler_pdivr_mulr // ler_pmul2l // bottom_le.
  by rewrite ger_addl leNgt divr_gt0.
have least_at u : (risk u <= least) = (top u - least * bottom u <= top v - least * bottom v).
  by rewrite attained subr_le0 nmse_risk ler_pdivr_mulr ?bottom_gt0.
have only u : risk u <= least <-> forall i, u i = v i.
  rewrite least_at !(gap_distance _ kappan) ler_add2r ler_pmul2l //; split=> [le i | /same -> //].
  have zero : distance2 u v <= 0.
    by rewrite -(ler_add2l (distance2 v (fun i => pi i / kappa))) addr0 (le_trans (near u)).
  have ge0 j : true -> 0 <= (u j - v j) ^+ 2 by rewrite sqr_ge0.
  have eq0 : distance2 u v = 0 by apply/eqP; rewrite eq_le zero sumr_ge0.
  by have /eqP := psumr_eq0P ge0 eq0 (i := i) isT; rewrite sqrf_eq0 subr_eq0 => /eqP.
exists least, v; split; [exact: least_le | by [] | exact: nearer | exact: only | move=> c].
have K10 := K1_gt0 R k.
have rest : \sum_(i | i != c) pi i = 1 - pi c.
  by rewrite -(weight_sum pi) [in RHS](bigD1 c) //= addrC addKr.
split=> [at_c | [likeliest even]].
  have risk_c : risk (vertex R c) = least.
    by apply/eqP; rewrite eq_le least_le andbT; apply/only => i; rewrite at_c.
  have top_c : pi c / kappa - tau = 1.
    have := vE c; rewrite at_c /= eqxx mulr1n; have [low /eqP | //] := leP (pi c / kappa - tau) 0.
    by rewrite oner_eq0.
  have kappaE : kappa = (K%:R * pi c - 1) / (K%:R - 1).
    rewrite /kappa -risk_c vertex_risk; move: (pi c) => x; field; apply: K1_neq0.
  have below i : i != c -> pi i <= (1 - pi c) / (K%:R - 1).
    move=> /negbTE ic; have := vE i; rewrite at_c /= ic mulr0n.
    have [low _ | high /esym/eqP] := leP (pi i / kappa - tau) 0; last by rewrite gt_eqF.
    move: low; have -> : tau = pi c / kappa - 1 by rewrite -top_c opprB addrC subrK.
    rewrite subr_le0 ler_pdivr_mulr // mulrBl divfK ?gt_eqF // mul1r kappaE => le.
    by apply: (le_from le); move: (pi c) (pi i) => x y; field; apply: K1_neq0.
  have level i : i != c -> pi i = (1 - pi c) / (K%:R - 1).
    have ge0 j : j != c -> 0 <= (1 - pi c) / (K%:R - 1) - pi j by move=> jc; rewrite subr_ge0 below.
    have zero : \sum_(j | j != c) ((1 - pi c) / (K%:R - 1) - pi j) = 0.
      by rewrite sumrB rest sum_others mulrC divfK ?subrr // gt_eqF.
    by move=> ic; have := psumr_eq0P ge0 zero ic => /eqP; rewrite subr_eq0 => /eqP.
  split=> [j | i j ic jc]; last by rewrite (level i ic) (level j jc).
  have [-> // | jc] := eqVneq j c; rewrite (level j jc) ler_pdivr_mulr //.
  have : 0 < kappa by []; rewrite kappaE ltr_pdivl_mulr // mul0r => /ltW le.
  by apply: (le_from le); move: (pi c) => x; ring.
have large : K%:R^-1 < pi c.
  have [j] := some_weight_gt0 off; rewrite /water_weight ltr_pdivl_mulr // mul0r subr_gt0 => w0.
  by apply: lt_le_trans (likeliest j); rewrite -div1r ltr_pdivr_mulr ?ltr0n // mulrC.
have below : 1 - pi c < threshold R K.
  have K0 : 0 < K%:R :> R by rewrite ltr0n.
  move: large; rewrite -div1r ltr_pdivr_mulr // /threshold ltr_pdivl_mulr // => lt.
  by apply: (lt_from lt); move: (pi c) => x; ring.
have piE j : pi j = uniform_noise (1 - pi c) c j.
  rewrite /uniform_noise; have [-> | jc] := eqVneq j c; first by rewrite opprB addrC subrK.
  apply: (mulfI (lt0r_neq0 K10)); rewrite /flip mulrC [RHS]mulrC divfK ?gt_eqF // -rest mulrC.
  by rewrite -(sum_others c (pi j)); apply: eq_bigr => i ic; rewrite (even i j).
have noisy u : risk u = conditional (@nmse R K) (uniform_noise (1 - pi c) c) u.
  by apply: eq_bigr => j _; rewrite piE.
have vc : v c = 1.
  apply/eqP; apply: contraT => off_c.
  have [|_ _] := @D1_vertex R k (1 - pi c) c below id v _ off_c; first by move=> s t /andP[].
  rewrite -!noisy ltNge; move/negP; case; apply: le_trans (least_le _).
  by apply/only.
move=> i; rewrite /=; have [-> | ic] := eqVneq i c; first by rewrite vc.
have others : \sum_(j | j != c) v j = 0.
  by have := weight_sum v; rewrite (bigD1 c) //= vc => /(canRL (addKr _)); rewrite addNr.
by have := psumr_eq0P (fun j _ => weight_ge0 v j) others ic.
Qed.
End Normalised.
