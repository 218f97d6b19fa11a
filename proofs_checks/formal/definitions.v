(* What the theorems speak of: distributions, losses, noise, risks. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* Weights on a finite set, all >= 0, that sum to 1. *)
Record dist (R : numDomainType) (T : finType) := Dist {
  weight :> T -> R;
  weight_ge0 : forall t, 0 <= weight t;
  weight_sum : \sum_t weight t = 1 }.

(* K and K - 1 are not 0, in the forms that the tactic `field` asks for. *)
Section NonZero.
Variables (R : realFieldType) (k : nat).

Lemma K_gt1 : 1 < k.+2%:R :> R. Proof. by rewrite ltr1n. Qed.

Lemma K_neq0 : 2%:R + k%:R != 0 :> R.
Proof. by rewrite -natrD pnatr_eq0. Qed.

Lemma K1_neq0 : 2%:R + k%:R - 1 != 0 :> R.
Proof. by rewrite -natrD subr_eq0 gt_eqF // ltr1n. Qed.

Lemma sum_others (i : 'I_k.+2) (c : R) : \sum_(j | j != i) c = (k.+2%:R - 1) * c.
Proof.
rewrite sumr_const (eq_card (_ : _ =i predC1 i)) // cardC1 card_ord -[c *+ _]mulr_natl.
by congr (_ * _); rewrite [k.+2%:R]mulrSr addrK.
Qed.
End NonZero.

(* Inequalities that are others, with terms moved across. *)
Section Moved.
Variables (R : numDomainType) (a b c d : R).

Lemma le_from : a <= b -> d - c = b - a -> c <= d.
Proof. by rewrite -[in a <= b]subr_ge0 => ab e; rewrite -subr_ge0 e. Qed.

Lemma lt_from : a < b -> d - c = b - a -> c < d.
Proof. by rewrite -[in a < b]subr_gt0 => ab e; rewrite -subr_gt0 e. Qed.
End Moved.

(* The mean of an affine function is that function of the mean. *)
Lemma mean_affine (R : realFieldType) (T : finType) (p : dist R T) a b (f : T -> R) :
  \sum_t p t * (a + b * f t) = a + b * \sum_t p t * f t.
Proof.
under eq_bigr => t _ do rewrite mulrDr mulrCA.
by rewrite big_split /= -mulr_suml weight_sum mul1r mulr_sumr.
Qed.

Lemma weight_le1 (R : numDomainType) (T : finType) (p : dist R T) t : p t <= 1.
Proof.
rewrite -(weight_sum p) (bigD1 t) //= ler_addl.
by apply: sumr_ge0 => i _; apply: weight_ge0.
Qed.

(* Outputs of a network, and posteriors, for K classes. *)
Definition simplex (R : numDomainType) (K : nat) := dist R (ordinal_finType K).

Section Points.
Variable R : realFieldType.

Lemma point_ge0 (T : finType) (i : T) : forall t, 0 <= (t == i)%:R :> R.
Proof. by move=> t; rewrite ler0n. Qed.

Lemma point_sum (T : finType) (i : T) : \sum_t (t == i)%:R = 1 :> R.
Proof. by rewrite (bigD1 i) //= eqxx big1 ?addr0 // => t /negbTE ->. Qed.

(* All the weight on i: for outputs, the vertex e_i. *)
Definition point (T : finType) (i : T) : dist R T := Dist (point_ge0 i) (point_sum i).
Definition vertex K (y : 'I_K) : simplex R K := point (y : ordinal_finType K).

Lemma point_mean (T : finType) (i : T) (F : T -> R) : \sum_t point i t * F t = F i.
Proof.
by rewrite (bigD1 i) //= eqxx mul1r big1 ?addr0 // => t /negbTE ->; rewrite mul0r.
Qed.

Lemma uniform_ge0 k : forall i : 'I_k.+1, 0 <= k.+1%:R^-1 :> R.
Proof. by move=> i; rewrite invr_ge0 ler0n. Qed.

Lemma uniform_sum k : \sum_(i < k.+1) k.+1%:R^-1 = 1 :> R.
Proof. by rewrite sumr_const card_ord -[_ *+ _]mulr_natr mulVf ?pnatr_eq0. Qed.

Definition uniform k : simplex R k.+1 :=
  @Dist R (ordinal_finType k.+1) _ (@uniform_ge0 k) (@uniform_sum k).
End Points.

(* A list of at most K weights, with zeros behind it. *)
Section Listed.
Variable R : realFieldType.
Implicit Types (s : seq R) (F : R -> R).

Lemma sum_listed F s n : (size s <= n)%N ->
  \sum_(i < n) F (nth 0 s i) = \sum_(x <- s) F x + (n - size s)%:R * F 0.
Proof.
move=> fits; rewrite -(big_mkord xpredT (fun i => F (nth 0 s i))).
rewrite (@big_cat_nat _ _ _ (size s)) //= [in RHS](big_nth 0); congr (_ + _).
rewrite (eq_big_nat _ _ (F2 := fun=> F 0)) => [|i /andP[le _]]; last by rewrite nth_default.
by rewrite sumr_const_nat mulr_natl.
Qed.

Variables (K : nat) (s : seq R).
Hypotheses (ge0 : all (fun x => 0 <= x) s) (sum1 : \sum_(x <- s) x = 1) (fits : (size s <= K)%N).

Lemma listed_ge0 (i : ordinal_finType K) : 0 <= nth 0 s i.
Proof.
have [lt | ge] := ltnP i (size s); last by rewrite nth_default.
exact: (allP ge0) (mem_nth 0 lt).
Qed.

Lemma listed_sum : \sum_(i : ordinal_finType K) nth 0 s i = 1.
Proof. by rewrite (sum_listed id fits) mulr0 addr0. Qed.

Definition listed : simplex R K := Dist listed_ge0 listed_sum.
End Listed.

Section Losses.
Variables (R : realFieldType) (K : nat) (U : Type).

(* L u y is the loss of the output u under the label y. *)
Definition loss := U -> 'I_K -> R.

Definition label_sum (L : loss) (u : U) := \sum_y L u y.

Definition symmetric (L : loss) (C : R) := forall u, label_sum L u = C.

Definition normalised (L : loss) : loss := fun u y => L u y / label_sum L u.
End Losses.

Section Separable.
Variables (R : realFieldType) (K : nat) (f g : R -> R).

(* One function of the label's own output, and one of each other output. *)
Definition separable : loss R K (simplex R K) :=
  fun u y => f (u y) + \sum_(i | i != y) g (u i).

Definition generator (t : R) := f t + (K%:R - 1) * g t.
End Separable.

Definition affine_on_unit (R : realFieldType) (G : R -> R) :=
  forall t, 0 <= t -> t <= 1 -> G t = G 0 + t * (G 1 - G 0).

(* D holds of an interval, and G lies below its chords there; strictly, where the chord has a length. *)
Section Convex.
Variables (R : realFieldType) (D : R -> Prop) (G : R -> R).

Definition convex_on := forall a b t, D a -> D b -> 0 <= t <= 1 ->
  D (t * a + (1 - t) * b) /\ G (t * a + (1 - t) * b) <= t * G a + (1 - t) * G b.

Definition strictly_convex_on := forall a b t, D a -> D b -> a != b -> 0 < t < 1 ->
  G (t * a + (1 - t) * b) < t * G a + (1 - t) * G b.
End Convex.

Definition unit_interval (R : realFieldType) (t : R) : Prop := 0 <= t <= 1.

(* All weights differ from 0. *)
Definition interior (R : realFieldType) K (u : simplex R K) := forall i, 0 < u i.

Section Noise.
Variables (R : realFieldType) (K : nat).

(* T i j: probability of the noisy label j, given the clean label i. *)
Definition noise := 'I_K -> 'I_K -> R.

Definition stochastic (T : noise) :=
  (forall i j, 0 <= T i j) /\ (forall i, \sum_j T i j = 1).

Definition flip (eta : R) := eta / (K%:R - 1).
Definition slope (eta : R) := 1 - eta * K%:R / (K%:R - 1).
Definition threshold : R := (K%:R - 1) / K%:R.

Definition uniform_noise (eta : R) : noise :=
  fun i j => if j == i then 1 - eta else flip eta.
End Noise.

Section Risk.
Variables (R : realFieldType) (K : nat) (U : Type).

(* A finite set of inputs, their probabilities, and the posterior of the clean label at each. *)
Record problem := Problem {
  input : finType;
  prob : dist R input;
  posterior : input -> simplex R K }.

Variables (L : loss R K U) (P : problem).

Definition risk (h : input P -> U) :=
  \sum_x prob P x * \sum_i posterior x i * L (h x) i.

(* The noise may depend on the input. *)
Definition noisy_risk (T : input P -> noise R K) (h : input P -> U) :=
  \sum_x prob P x * \sum_i posterior x i * \sum_j T x i j * L (h x) j.

Definition uniform_risk (eta : R) := noisy_risk (fun=> uniform_noise eta).

(* h minimises a risk over a class H of hypotheses. *)
Definition minimises (H : (input P -> U) -> Prop) (r : (input P -> U) -> R) h :=
  H h /\ forall h', H h' -> r h <= r h'.
End Risk.

Arguments risk {R K U} L {P} h.
Arguments noisy_risk {R K U} L {P} T h.
Arguments uniform_risk {R K U} L {P} eta h.
