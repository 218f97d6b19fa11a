"""Is anything in a certificate false? Decided by 60-digit values of the plain formula at many points."""

from __future__ import annotations

import itertools
import random
import re
from fractions import Fraction
from functools import cache
from typing import Any

from zoo.case import Case
from zoo.numbers import CTX, read

SAME = CTX.mpf(10) ** -40  # relative; values have 60 digits, a few are lost in a sum
ROUNDED = CTX.mpf(10) ** -9  # of ends that are given as floats
SIZES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)


@cache
def points(k: int, entries: tuple[Any, ...]) -> tuple[tuple[Fraction, ...], ...]:
    """Vertices, faces, ties, simple and random points, points near vertices, points with given entries."""
    rng = random.Random(k)
    shapes = [[1], [1, 1], [1] * k, [2, 1], [3, 1], [2, 1, 1], [3, 2, 1], [2] + [1] * (k - 1), [1] * (k - 1)]
    shapes += [[k + 1] + [1] * (k - 1), [10**3] + [1] * (k - 1), [10**7] + [1] * (k - 1), [10**12, 1]]
    shapes += [[4, 1], [9, 1], [19, 1], [99, 1], [2, 2, 1], [8, 1, 1], [5, 3, 2], [7, 2, 1], [1, 1, 1]]
    shapes += [[rng.randint(1, 40) for _ in range(k)] for _ in range(6)]
    found = [[Fraction(w, sum(s)) for w in s] + [Fraction(0)] * (k - len(s)) for s in shapes if len(s) <= k]
    for t in {*map(Fraction, entries), Fraction(1, k)}:
        rest = 1 - t
        found.append([t, rest] + [Fraction(0)] * (k - 2))
        found.append([t] + [rest / (k - 1)] * (k - 1))
        times = int(1 / t)
        for n in {times, 2}:
            if n * t <= 1 and n < k:
                found.append([t] * n + [(1 - n * t) / (k - n)] * (k - n))
                found.append([t] * n + [1 - n * t] + [Fraction(0)] * (k - n - 1))
        found.append([t + Fraction(1, 10**8), rest - Fraction(1, 10**8)] + [Fraction(0)] * (k - 2))
        found.append([t - Fraction(1, 10**8), rest + Fraction(1, 10**8)] + [Fraction(0)] * (k - 2))
    return tuple(dict.fromkeys(tuple(p) for p in found if min(p) >= 0))


class Truth:
    """The values of one case, worked out once a point."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._known: dict[Any, list[Any]] = {}

    def losses(self, point: Any) -> list[Any]:
        point = tuple(point)
        if point not in self._known:
            self._known[point] = self.case.losses(point)
        return self._known[point]

    def label_sum(self, point: Any) -> Any:
        return sum(self.losses(point))

    def rows(self, k: int, closed: bool = True) -> list[tuple[Any, list[Any]]]:
        every = points(k, self.case.entries)
        return [(p, self.losses(p)) for p in every if closed or min(p) > 0]


def finite(x: Any) -> bool:
    return abs(x) < CTX.inf


def size(*values: Any) -> Any:
    return max([abs(v) for v in values if finite(v)] + [CTX.mpf(10) ** -12])


def constant(text: str, k: int) -> Any:
    import sympy

    found = sympy.sympify(text, locals={"K": sympy.Symbol("K", integer=True, positive=True)})
    found = found.subs(dict.fromkeys(found.free_symbols, k))
    return CTX.mpf(str(sympy.N(found, 60)))


def covered(scope: str) -> list[int]:
    """The K of `SIZES` that a scope in words speaks of."""
    text = scope.split(",  ")[0]
    out = re.search(r"except K = ([\d, ]+)", text)
    without = {int(x) for x in re.findall(r"\d+", out.group(1))} if out else set()
    if found := re.search(r"all K >= (\d+)", text):
        return [k for k in SIZES if k >= int(found.group(1)) and k not in without]
    if found := re.search(r"K = (\d+)\.\.(\d+)", text):
        return list(range(int(found.group(1)), int(found.group(2)) + 1))
    if found := re.search(r"K = ([\d, ]+)", text):
        return [int(x) for x in re.findall(r"\d+", found.group(1))]
    raise AssertionError(f"no K in {scope!r}")


def symmetry(truth: Truth, found: dict[str, Any], only: int | None = None) -> list[str]:
    """What is false in a verdict on symmetry."""
    status, wrong = found["status"], []
    if status in ("proved", "certified"):
        scope = found["scope"]
        part = any(word in scope for word in ("wherever", "where ", "finite"))
        for k in covered(scope) if only is None else [only]:
            rows = truth.rows(k, closed="open" not in scope)
            sums = [(p, sum(row), row) for p, row in rows]
            bad = [p for p, s, row in sums if not all(map(finite, row))]
            if bad and not part:
                wrong.append(f"{status} {scope}: no finite value at {show(bad[0])}")
                break
            good = [(p, s, row) for p, s, row in sums if all(map(finite, row))]
            if not good:
                wrong.append(f"{status} {scope}: of nothing, there is no finite value at K = {k}")
                break
            scale = max([size(*row) for _, _, row in good] + [SAME])
            slack = SAME * scale if status == "proved" else CTX.mpf("1e-6") * max(scale, 1)
            if good:
                low, high = min(good, key=lambda g: g[1]), max(good, key=lambda g: g[1])
                if high[1] - low[1] > slack:
                    wrong.append(
                        f"{status} {scope}: K = {k}, S = {CTX.nstr(low[1], 12)} at {show(low[0])}, {CTX.nstr(high[1], 12)} at {show(high[0])}"
                    )
                    break
                if status == "proved" and found["constant"] and ":" not in found["constant"]:
                    said = constant(found["constant"], k)
                    if abs(said - low[1]) > CTX.mpf(10) ** -25 * max(scale, size(said)):
                        wrong.append(f"constant {found['constant']} at K = {k}, S = {CTX.nstr(low[1], 15)}")
                        break
    if status == "refuted":
        w = found["witness"]
        u, v = (tuple(map(Fraction, w[x])) for x in "uv")
        a, b = truth.label_sum(u), truth.label_sum(v)
        if not (
            finite(a)
            and finite(b)
            and abs(a - b) > CTX.mpf(10) ** -55 * size(*truth.losses(u), *truth.losses(v))
        ):
            wrong.append(f"refuted by S = {CTX.nstr(a, 15)}, {CTX.nstr(b, 15)} at {show(u)}, {show(v)}")
        for k in covered(found["scope"]) if only is None else [only]:
            good = [(sum(row), row) for _, row in truth.rows(k) if all(map(finite, row))]
            if good and max(s for s, _ in good) - min(s for s, _ in good) <= CTX.mpf(10) ** -55 * size(
                *(x for _, row in good for x in row)
            ):
                wrong.append(f"refuted {found['scope']}, but constant at K = {k} on all points")
                break
    return wrong


def label_sum(truth: Truth, found: dict[str, Any], k: int) -> list[str]:
    if not found["rigorous"]:
        return []
    low, high = (end(found[f"{side}_exact"], k) for side in ("low", "high"))
    for p, row in truth.rows(k):
        s = sum(row)
        slack = (SAME if "intervals" not in found["method"] else ROUNDED) * size(*row, low, high)
        if all(map(finite, row)) and not (low - slack <= s <= high + slack):
            return [
                f"range [{found['low_exact']}, {found['high_exact']}] ({found['method']}), S = {CTX.nstr(s, 15)} at {show(p)}"
            ]
    return []


def end(text: str, k: int) -> Any:
    return CTX.inf if text == "oo" else -CTX.inf if text == "-oo" else constant(text, k)


def bounds(truth: Truth, found: dict[str, Any], k: int) -> list[str]:
    if "status" in found or found["loss_max"] is None or "sampled" in found["method"]:
        return []
    most = constant(found["loss_max_exact"], k)
    for p, row in truth.rows(k):
        for x in row:
            if finite(x) and x > most + ROUNDED * size(most, x):
                return [
                    f"maximum {found['loss_max_exact']} ({found['method']}), L = {CTX.nstr(x, 15)} at {show(p)}"
                ]
    return []


def risks(truth: Truth, pi: Any, rows: Any) -> list[tuple[Any, Any]]:
    found = []
    for p, row in rows:
        if all(finite(x) for x, w in zip(row, pi, strict=True) if w):
            found.append((p, sum((read(w) * x for x, w in zip(row, pi, strict=True) if w), CTX.mpf(0))))
    return found


def calibrated(truth: Truth, found: dict[str, Any], k: int) -> list[str]:
    if found["status"] not in ("proved", "certified"):
        return []
    shapes = [
        [3, 2] + [1] * (k - 2),
        [5, 1] + [1] * (k - 2),
        [2 * k] + [1] * (k - 1),
        [k, k - 1] + [1] * (k - 2),
    ]
    for shape in shapes[: 4 if k > 2 else 3]:
        pi = [Fraction(w, sum(shape)) for w in shape]
        rows = truth.rows(k, closed=False)
        every = [
            (tuple(q), truth.losses(q))
            for p, _ in rows
            for q in ({p, (p[1], p[0], *p[2:])} if k < 6 else {p, p[::-1]})
        ]
        # beside each point, a little towards the likeliest class: a coarse set of points proves no least value
        steps = [Fraction(1, 10**n) for n in (1, 2, 3, 5)]
        beside = [(p[0] + s, p[1] - s, *p[2:]) for p, _ in rows[:12] for s in steps if p[1] > s]
        every += [(q, truth.losses(q)) for q in beside]
        every += [
            (q, truth.losses(q))
            for q in ((1 - (k - 1) * t, *[t] * (k - 1)) for t in (Fraction(1, 10**9), Fraction(1, 100 * k)))
        ]
        least = sorted(risks(truth, pi, every), key=lambda x: x[1])
        if not least:
            continue
        right = [r for p, r in least if p[0] > max(p[1:])]
        p, r = least[0]
        if p[0] <= max(p[1:]) and (not right or min(right) > r + ROUNDED * size(r)):
            return [
                f"calibrated ({found['method']}), but at pi = {show(pi)} the risk {CTX.nstr(r, 12)} at {show(p)} is below all right ones"
            ]
        wrong = [x for x in least if x[0][0] <= max(x[0][1:])]
        if (
            wrong
            and wrong[0][1] <= r + SAME * size(r)
            and right
            and min(right) >= wrong[0][1] - SAME * size(r)
        ):
            return [
                f"calibrated ({found['method']}), but at pi = {show(pi)} {show(wrong[0][0])} is as good as any"
            ]
    return []


def reversal(truth: Truth, found: Any, k: int, eta: Fraction) -> list[str]:
    if not isinstance(found, dict) or "status" in found:
        return []
    inputs = [(Fraction(1), found)]
    if found.get("second_input"):
        second = found["second_input"]
        w = Fraction(second["weight"])
        inputs = [(1 - w, found), (w, second)]
    clean = noisy = CTX.mpf(0)
    a, b = 1 - eta * k / Fraction(k - 1), eta / (k - 1)
    for weight, x in inputs:
        pi, u, v = (tuple(map(Fraction, x[key])) for key in ("posterior", "u", "v"))
        d = [p - q for p, q in zip(truth.losses(u), truth.losses(v), strict=True)]
        gap = sum((read(w) * x for w, x in zip(pi, d, strict=True) if w), CTX.mpf(0))
        clean += read(weight) * gap
        noisy += read(weight) * (read(a) * gap + read(b) * sum(d))
    if not (clean < 0 < noisy):
        return [f"reversal with gaps {CTX.nstr(clean, 12)}, {CTX.nstr(noisy, 12)}"]
    return []


def optimum(truth: Truth, found: dict[str, Any], k: int, eta: Fraction) -> list[str]:
    if found.get("status") not in ("proved", "certified") or not found["vertex"]:
        return []
    pi = [1 - eta, *[eta / (k - 1)] * (k - 1)]
    vertex = tuple([Fraction(1)] + [Fraction(0)] * (k - 1))
    every = risks(truth, pi, truth.rows(k))
    at = [r for p, r in every if p == vertex]
    if at:
        p, r = min(every, key=lambda x: x[1])
        if r < at[0] - SAME * size(r, at[0]):
            return [
                f"vertex is noisy optimum ({found['status']}), but {show(p)} has {CTX.nstr(r, 12)} < {CTX.nstr(at[0], 12)}"
            ]
    return []


def show(point: Any) -> str:
    return (
        "(" + ", ".join(f"{g}*{len(list(n))}" if False else str(g) for g, n in itertools.groupby(point)) + ")"
    )


def falsehoods(case: Case, certificate: dict[str, Any]) -> list[str]:
    """Everything in a certificate that the plain formula contradicts."""
    truth, k, eta = Truth(case), certificate["num_classes"], Fraction(certificate["noise_rate"])
    out = [f"symmetry: {x}" for x in symmetry(truth, certificate["symmetry"], k)]
    if "reason" not in certificate["symmetry_all_classes"]:
        out += [f"all K: {x}" for x in symmetry(truth, certificate["symmetry_all_classes"])]
    out += label_sum(truth, certificate["label_sum"], k) + bounds(truth, certificate["bounds"], k)
    out += calibrated(truth, certificate["calibrated"], k) + reversal(
        truth, certificate["order_reversal"], k, eta
    )
    return out + optimum(truth, certificate["noisy_optimum"], k, eta)
