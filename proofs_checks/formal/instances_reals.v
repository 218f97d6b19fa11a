(* For each theorem about the reals an instance, over the real numbers of Coq, that satisfies its hypotheses. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From mathcomp.classical Require Import boolp classical_sets functions.
From mathcomp Require Import reals topology normedtype derive sequences exp Rstruct.
From Lossmatters Require Import hypotheses definitions symmetry risk losses minimisers vertex.
From Lossmatters Require Import logarithm powers entropy catalogue shares exceeding powered water divergence projection logits.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Ltac data := exact tt.

Local Notation real := real_realType.

Lemma uniform_inside : interior (uniform real 2).
Proof. by move=> i; rewrite /= invr_gt0 ltr0n. Qed.

Lemma third_below : 0 < (3%:R^-1 : real) < threshold real 3.
Proof.
rewrite invr_gt0 ltr0n /= -div1r ltr_pmul2r ?invr_gt0 ?ltr0n //.
by rewrite ltr_subr_addl (_ : 1 + 1 = 2%:R) ?ltr_nat // mulr2n.
Qed.

Lemma third01 : 0 <= (3%:R^-1 : real) <= 1.
Proof. by rewrite invr_ge0 ler0n invf_le1 ?ltr0n // ler1n. Qed.

Lemma zero01 : 0 <= (0 : real) <= 1. Proof. by rewrite lexx ler01. Qed.

Lemma threshold_gt0 : 0 < threshold real 3.
Proof. by rewrite divr_gt0 ?ltr0n // subr_gt0 ltr1n. Qed.

Lemma half_inside : 0 < (2%:R^-1 : real) < 1.
Proof. by rewrite invr_gt0 ltr0n invf_lt1 ?ltr0n // ltr1n. Qed.

Lemma fourth_below : 0 < (4%:R^-1 : real) < 3%:R^-1.
Proof. by rewrite invr_gt0 ltr0n ltf_pinv ?posrE ?ltr0n // ltr_nat. Qed.


Lemma cce_not_symmetric_witness : ltac:(hypotheses (@cce_not_symmetric)).
Proof.
exists real, 1%N. data. Qed.

Lemma rll_constant_witness : ltac:(hypotheses (@rll_constant)).
Proof.
exists real, 1%N, 1. holds (exact: ltr01). data. Qed.

Lemma rll_beyond_log_witness : ltac:(hypotheses (@rll_beyond_log)).
Proof.
exists real, 0%N, 1. holds (exact: ltr01). exists ord0. data. Qed.

Lemma N3_cce_witness : ltac:(hypotheses (@N3_cce)).
Proof.
exists real, 3%N, (uniform real 2), (uniform real 2). holds (exact: uniform_inside). holds (exact:
uniform_inside). data. Qed.

Lemma D1_witness : ltac:(hypotheses (@D1)).
Proof.
exists real, 1%N, (3%:R^-1), 1, ord0, (noisy_label ord0 third01). holds (exact: third_below). holds
(exact: ltr01). holds (by []). data. Qed.

Lemma N3_cce_zeros_witness : ltac:(hypotheses (@N3_cce_zeros)).
Proof.
exists real, 3%N, (vertex real ord0), (uniform real 2). holds (by move=> i _; exact: uniform_inside).
data. Qed.

Lemma D1_zeros_witness : ltac:(hypotheses (@D1_zeros)).
Proof.
exists real, 1%N, 0, 1, ord0, (noisy_label ord0 zero01). holds (by rewrite lexx threshold_gt0). holds
(exact: ltr01). holds (by []). data. Qed.

Lemma R9_forward_cce_witness : ltac:(hypotheses (@R9_forward_cce)).
Proof.
exists real, 1%N, (3%:R^-1), (uniform real 2), ord0. holds (exact: third_below). data. Qed.

Lemma amse_not_symmetric_witness : ltac:(hypotheses (@amse_not_symmetric)).
Proof.
exists real, 1%N, 2%:R. data. Qed.

Lemma aul_not_symmetric_witness : ltac:(hypotheses (@aul_not_symmetric)).
Proof.
exists real, 1%N, 2%:R. holds (by rewrite ler1n). data. Qed.

Lemma taylor_not_symmetric_witness : ltac:(hypotheses (@taylor_not_symmetric)).
Proof.
exists real, 1%N. data. Qed.

Lemma nrce_constant_witness : ltac:(hypotheses (@nrce_constant)).
Proof.
exists real, 1%N, 1. holds (exact: oner_neq0). data. Qed.

Lemma gce_not_symmetric_witness : ltac:(hypotheses (@gce_not_symmetric)).
Proof.
exists real, 1%N, (2%:R^-1). holds (exact: half_inside). data. Qed.

Lemma agce_not_symmetric_witness : ltac:(hypotheses (@agce_not_symmetric)).
Proof.
exists real, 1%N, (2%:R^-1), 1. holds (exact: half_inside). holds (exact: ltr01). data. Qed.

Lemma ael_not_symmetric_witness : ltac:(hypotheses (@ael_not_symmetric)).
Proof.
exists real, 1%N, 1. holds (exact: ltr01). data. Qed.

Lemma sce_not_symmetric_witness : ltac:(hypotheses (@sce_not_symmetric)).
Proof.
exists real, 1%N, 1, 1, 4%:R. holds (exact: ltr01). data. Qed.

Lemma focal_not_symmetric_witness : ltac:(hypotheses (@focal_not_symmetric)).
Proof.
exists real, 1%N. data. Qed.

Lemma phuber_ce_not_symmetric_witness : ltac:(hypotheses (@phuber_ce_not_symmetric)).
Proof.
exists real, 1%N, 4%:R. holds (exact: lexx). data. Qed.

Lemma phuber_gce_not_symmetric_witness : ltac:(hypotheses (@phuber_gce_not_symmetric)).
Proof.
exists real, 1%N, (2%:R^-1), 4%:R. holds (exact: half_inside). holds (exact: lexx). data. Qed.

Lemma truncated_gce_not_symmetric_witness : ltac:(hypotheses (@truncated_gce_not_symmetric)).
Proof.
exists real, 1%N, (2%:R^-1). holds (exact: half_inside). data. Qed.

Lemma nce_symmetric_witness : ltac:(hypotheses (@nce_symmetric)).
Proof.
exists real, 1%N, (uniform real 2). holds (exact: uniform_inside). data. Qed.

Lemma nfl_symmetric_witness : ltac:(hypotheses (@nfl_symmetric)).
Proof.
exists real, 1%N, 1, (uniform real 2). holds (exact: uniform_inside). data. Qed.

Lemma ngce_symmetric_witness : ltac:(hypotheses (@ngce_symmetric)).
Proof.
exists real, 1%N, (2%:R^-1). holds (by case/andP: half_inside). data. Qed.

Lemma pairs_symmetric_witness : ltac:(hypotheses (@pairs_symmetric)).
Proof.
exists real, 1%N, 1, 1, 4%:R, 2%:R, (uniform real 2). holds (exact: uniform_inside). data. Qed.

Lemma nnce_symmetric_witness : ltac:(hypotheses (@nnce_symmetric)).
Proof.
exists real, 1%N, (4%:R^-1). holds (exact: fourth_below). data. Qed.

Lemma nnfl_symmetric_witness : ltac:(hypotheses (@nnfl_symmetric)).
Proof.
exists real, 1%N, 1, (4%:R^-1). holds (exact: ltr01). holds (exact: fourth_below). data. Qed.

Lemma cce_unbounded_witness : ltac:(hypotheses (@cce_unbounded)).
Proof.
exists real, 1%N, 1. data. Qed.

Lemma shares_within_witness : ltac:(hypotheses (@shares_within)).
Proof. exists real, 1%N, 1, (4%:R^-1), (uniform real 2), ord0. holds (exact: ltr01).
holds (exact: fourth_below). data. Qed.

Lemma shares_beyond_witness : ltac:(hypotheses (@shares_beyond)).
Proof. exists real, 0%N, 1, (2%:R^-1), 1, 1, 4%:R, ord0. holds (exact: ltr01). holds (exact: half_inside).
holds (exact: ltr01). holds (exact: ler01). holds (by rewrite ler0n). data. Qed.

Lemma N3_gce_witness : ltac:(hypotheses (@N3_gce)).
Proof. exists real, 1%N, (2%:R^-1), (uniform real 2). holds (exact: half_inside).
exists (vertex real ord0). data. Qed.

Lemma N3_rll_witness : ltac:(hypotheses (@N3_rll)).
Proof. exists real, 1%N, 1, (uniform real 2). holds (exact: ltr01). data. Qed.

Lemma js_not_symmetric_witness : ltac:(hypotheses (@js_not_symmetric)).
Proof. exists real, 1%N, (2%:R^-1). holds (exact: half_inside). data. Qed.

Lemma bi_tempered_not_symmetric_witness : ltac:(hypotheses (@bi_tempered_not_symmetric)).
Proof. exists real, 1%N, (2%:R^-1). holds (exact: half_inside). data. Qed.

Lemma N3_nmse_witness : ltac:(hypotheses (@N3_nmse)).
Proof. exists real, 1%N, (vertex real ord0). holds (by exists ord0; rewrite eq_sym invr_eq1 pnatr_eq1).
data. Qed.

Lemma D3_witness : ltac:(hypotheses (@D3)).
Proof. exists real, 1%N, 1, (2%:R^-1), (fun=> 0), ord0, ord0. holds (exact: ltr01). holds (by rewrite invr_eq0 pnatr_eq0).
data. Qed.

Lemma D3_label_witness : ltac:(hypotheses (@D3_label)).
Proof. exists real, 1%N, id, 1, (fun=> 0), ord0, ord0. holds (exact: is_derive_id). data. Qed.
