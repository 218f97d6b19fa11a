"""Criteria under torch's modes: every loss of the catalogue is right there, or refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx

from lossmatters.theory.criteria.kernels import kernel
from lossmatters.theory.criteria.label_only import LabelOnlyKernel
from lossmatters.theory.losses import CCE, LOSSES, RLL, get

# torch's own forward mode uses what torch has deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
# One of each kernel: what is dear to trace is traced of these alone, and the rest are among the slow tests.
EACH_KERNEL = ["sce", "nmse", "rll", "nfl", "nnce", "nce", "nce-rce", "bi-tempered", "js", "zero-one"]
EACH_KERNEL += ["epsilon-ce", "label-smoothing", "sgce", "ldr-kl", "taylor-ce"]
ALL = pytest.mark.parametrize(
    "name", [n if n in EACH_KERNEL else pytest.param(n, marks=pytest.mark.slow) for n in LOSSES]
)
INF, NAN = float("inf"), float("nan")


def batch(dtype: torch.dtype = torch.float64, size: int = 6, k: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(size)
    return torch.randn(size, k, generator=draw, dtype=dtype), torch.randint(k, (size,), generator=draw)


def gradient(criterion: nn.Module, z: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    leaf = z.clone().requires_grad_()
    criterion(leaf, target).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


@ALL
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "probabilities"])
def test_forward_mode_is_the_gradient_times_the_direction(name, soft):
    (z, y), v = batch(), batch(size=7)[0][:6]
    target = z.flip(0).softmax(dim=1) if soft else y
    criterion = get(name).criterion()
    wanted = (gradient(criterion, z, target) * v).sum()
    _, found = torch.func.jvp(lambda logits: criterion(logits, target), (z,), (v,))
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)
    with forward_ad.dual_level():
        dual = criterion(forward_ad.make_dual(z, v), target)
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, wanted, rtol=1e-9, atol=1e-12)


@ALL
def test_forward_over_reverse_is_the_hessian(name):
    z, y = batch()

    def value(row: torch.Tensor) -> torch.Tensor:
        return get(name).criterion()(row[None], y[:1])

    found = torch.func.hessian(value)(z[0])
    wanted = torch.autograd.functional.hessian(value, z[0])
    torch.testing.assert_close(found, wanted, rtol=1e-7, atol=1e-10)


@ALL
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_the_gradient_in_a_probability_is_the_loss_of_its_label(name, smoothing):
    z, _ = batch()
    target = z.flip(0).softmax(dim=1)
    target[:, 0] = 0
    target.requires_grad_()
    loss = get(name)
    loss.criterion("sum", label_smoothing=smoothing)(z, target).backward()
    torch.testing.assert_close(target.grad, (1 - smoothing) * loss.matrix(z))


BROKEN = [
    ([INF, 0, 0], 0),
    ([INF, 0, 0], 1),
    ([-INF] * 3, 0),
    ([NAN, 0, 0], 1),
    ([0, NAN, 0], 1),
    ([INF] * 3, 2),
]


@ALL
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_that_have_no_softmax_are_nan_as_in_torch(name, dtype):
    """What mixed precision looks for; a row beside them is what it is alone."""
    loss = get(name)
    criterion = loss.criterion("none")
    for row, label in BROKEN:
        z = torch.tensor([row, [0.5, -1, 2]], dtype=dtype)
        y = torch.tensor([label, 1])
        assert nn.CrossEntropyLoss(reduction="none")(z, y)[0].isnan()
        values = criterion(z, y)
        assert values[0].isnan()
        torch.testing.assert_close(values[1:], criterion(z[1:], y[1:]))
        assert criterion(z, torch.eye(3, dtype=dtype)[y])[0].isnan()
        assert loss.matrix(z)[0].isnan().all()
        if name != "zero-one":
            assert gradient(criterion, z, y)[0].isnan().any()
            torch.testing.assert_close(gradient(criterion, z, y)[1:], gradient(criterion, z[1:], y[1:]))


@ALL
def test_sums_and_weighted_losses_end_at_the_largest_number(name):
    largest = torch.finfo(torch.float32).max
    z = torch.tensor([[0.0, largest], [0.0, largest], [0.0, largest]])
    for reduction in ("sum", "mean", "none"):
        for weight in (None, torch.tensor([1e5, 1.0])):
            value = get(name).criterion(weight, reduction=reduction)(z, torch.tensor([0, 0, 0]))
            assert value.isfinite().all()
            if name == "cce" and (weight is None or reduction != "mean"):
                assert (value == largest).all()


@ALL
@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_the_default_type_changes_nothing(name, kind):
    z, y = batch(torch.float32, 64, 10)
    criterion = get(name).criterion()
    wanted = criterion(z, y), gradient(criterion, z, y), criterion(z, z.softmax(dim=1))
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        criterion = get(name).criterion()
        found = criterion(z, y), gradient(criterion, z, y), criterion(z, z.softmax(dim=1))
    finally:
        torch.set_default_dtype(before)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-9)


@ALL
def test_the_default_device_changes_nothing(name):
    z, y = batch(torch.float32)
    criterion = get(name).criterion()
    wanted = criterion(z, y), gradient(criterion, z, y)
    with torch.device("meta"):
        assert torch.equal(criterion(z, y), wanted[0])
        assert torch.equal(gradient(criterion, z, y), wanted[1])


@ALL
def test_tensors_without_values_have_their_shapes(name):
    for mode in ("meta", FakeTensorMode()):
        device = mode if isinstance(mode, str) else "cpu"
        with FakeTensorMode() if mode != "meta" else torch.device("cpu"):
            for k in (5, 100):
                z = torch.zeros(6, k, device=device, requires_grad=True)
                y = torch.zeros(6, dtype=torch.long, device=device)
                criterion = get(name).criterion("none")
                values = criterion(z, y)
                assert values.shape == (6,)
                assert values.dtype == torch.float32
                if values.requires_grad:
                    values.sum().backward()
                    assert z.grad.shape == z.shape
                assert criterion(z, torch.zeros(6, k, device=device)).shape == (6,)


@pytest.mark.slow
@ALL
def test_what_is_traced_is_right_on_other_batches(name):
    """make_fx records labels and sizes as they are; a criterion must ask for no value, and fix no size."""
    criterion = get(name).criterion()
    (z, y), (other_z, other_y) = batch(), batch(size=9)
    for mode in ("real", "symbolic"):
        graph = make_fx(lambda logits, labels: criterion(logits, labels), tracing_mode=mode)(z, y)
        again = (z.flip(0), y.flip(0)) if mode != "symbolic" else (other_z, other_y)
        torch.testing.assert_close(graph(*again), criterion(*again))
    graph = torch.jit.trace(lambda logits, labels: criterion(logits, labels), (z, y), check_trace=False)
    torch.testing.assert_close(graph(other_z, other_y), criterion(other_z, other_y))


EXPORT = """
import sys, torch
from lossmatters.theory.losses import get
size = torch.export.Dim("size", min=2)
draw = torch.Generator().manual_seed(0)
z, y = torch.randn(6, 5, generator=draw), torch.tensor([0, 1, 2, 3, 4, 0])
more, labels = torch.randn(9, 5, generator=draw), torch.tensor([0, 1, 2, 3, 4, 0, 1, 2, 3])
for name in sys.argv[1:]:
    criterion = get(name).criterion()
    sizes = {"logits": {0: size}, "target": {0: size}}
    program = torch.export.export(criterion, (z, y), dynamic_shapes=sizes).module()
    torch.testing.assert_close(program(more, labels), criterion(more, labels))
"""


def test_each_kernel_is_in_the_list():
    kinds = {type(kernel(get(name))) for name in EACH_KERNEL}
    label_only = {type(k) for k in map(kernel, map(get, LOSSES)) if isinstance(k, LabelOnlyKernel)}
    assert {type(kernel(get(name))) for name in LOSSES} <= kinds | label_only


@pytest.mark.slow
def test_exported_programs_take_other_batches():
    subprocess.run([sys.executable, "-c", EXPORT, *EACH_KERNEL], check=True)


RECOMPILE = """
import sys, torch
from lossmatters import symmetrise
from lossmatters.theory.losses import get
for loss in [*map(get, sys.argv[1:]), symmetrise("cce")]:
    torch.compiler.reset()
    graphs = []
    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward
    criterion = loss.criterion()
    compiled = torch.compile(criterion, backend=backend, fullgraph=True)
    for size in (6, 9, 12, 17, 23, 31, 40, 51, 64, 77):
        z = torch.randn(size, 5, generator=torch.Generator().manual_seed(size))
        y = torch.arange(size) % 5
        torch.testing.assert_close(compiled(z, y), criterion(z, y))
    assert len(graphs) <= 2, (loss.spec, len(graphs))  # one of the first size, one of all others
"""


@pytest.mark.slow
def test_batches_of_other_sizes_are_not_compiled_anew():
    subprocess.run([sys.executable, "-c", RECOMPILE, *EACH_KERNEL], check=True)


OTHERS_OF_A_CLASS = """
import pickle, torch
from lossmatters.theory.losses import get
z, y = torch.randn(6, 5, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 4, 0])
target = z.flip(0).softmax(dim=1)
found = []
for m in (1, 10, 100):
    criterion = pickle.loads(pickle.dumps(get("epsilon-ce", m=m).criterion()))
    compiled = torch.compile(criterion, backend="aot_eager")
    for given in (y, target):
        leaves = [z.clone().requires_grad_(), z.clone().requires_grad_()]
        values = [call(leaf, given) for call, leaf in zip((compiled, criterion), leaves)]
        sum(values).backward()
        torch.testing.assert_close(*values)
        torch.testing.assert_close(*(leaf.grad for leaf in leaves))
        found.append(float(values[0]))
assert len(set(found)) == 6
"""


@pytest.mark.slow
def test_compiled_losses_of_one_class_are_kept_apart():
    """A loss that the compiler cannot follow is a number to it, of which what it has compiled depends."""
    subprocess.run([sys.executable, "-c", OTHERS_OF_A_CLASS], check=True)


INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.uint16, torch.uint32, torch.uint64]


@ALL
@pytest.mark.parametrize("kind", INTEGERS)
def test_labels_are_integers_of_any_type(name, kind):
    z, y = batch()
    criterion = get(name).criterion()
    assert torch.equal(criterion(z, y.to(kind)), criterion(z, y))
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.4, got labels=5"):
        criterion(z, (y * 0 + 5).to(kind))


def test_numbers_of_numpy_are_integers():
    z, y = batch()
    found = RLL().criterion(ignore_index=np.int64(1))
    assert type(found.ignore_index) is int
    assert found(z, y) == RLL().criterion(ignore_index=1)(z, y)


@pytest.mark.parametrize("wrong", [True, 1.0, "1"])
def test_an_index_that_is_no_integer_is_refused(wrong):
    with pytest.raises(TypeError, match="ignore_index must be an integer, got ignore_index="):
        RLL().criterion(ignore_index=wrong)


def test_a_first_argument_is_the_weight_as_in_torch():
    z, y = batch()
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0], dtype=z.dtype)
    torch.testing.assert_close(CCE().criterion(weight)(z, y), nn.CrossEntropyLoss(weight)(z, y))
    assert CCE().criterion("sum").reduction == "sum"


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_smoothed_labels_of_cce_are_torchs(reduction, weighted, soft):
    z, y = batch()
    y[2] = y[2] if soft else -100
    target = z.flip(0).softmax(dim=1) if soft else y
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0], dtype=z.dtype) if weighted else None
    ours = CCE().criterion(weight, reduction=reduction, label_smoothing=0.1)
    theirs = nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=0.1)
    torch.testing.assert_close(ours(z, target), theirs(z, target))
    torch.testing.assert_close(gradient(ours, z, target), gradient(theirs, z, target))


@ALL
def test_smoothed_labels_are_the_expectation(name):
    z, y = batch()
    loss = get(name)
    shares = 0.7 * torch.eye(5, dtype=z.dtype)[y] + 0.3 / 5
    found = loss.criterion(label_smoothing=0.3)(z, y)
    torch.testing.assert_close(found, (shares * loss.matrix(z)).sum(dim=1).mean())


@pytest.mark.parametrize("wrong", [-0.1, 1.1])
def test_a_smoothing_that_is_no_share_is_refused(wrong):
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\], got label_smoothing="):
        RLL().criterion(label_smoothing=wrong)


def test_sparse_targets_are_refused():
    z, _ = batch()
    with pytest.raises(TypeError, match="labels must be dense, got layout="):
        RLL().criterion()(z, z.softmax(dim=1).to_sparse())


@pytest.mark.parametrize("name", ["rll", "nfl", "mse", "zero-one"])
def test_large_batches_of_probabilities_go_block_by_block(name, monkeypatch):
    """The same numbers as all at once, first and second derivatives, of logits and of probabilities."""
    from lossmatters.theory.criteria import expected

    z, _ = batch()
    target = z.flip(0).softmax(dim=1)
    criterion = get(name).criterion("sum", label_smoothing=0.2)
    found = []
    for size in (10**9, 10):
        monkeypatch.setattr(expected, "SIZE", size)
        leaves = [z.clone().requires_grad_(), target.clone().requires_grad_()]
        value = criterion(*leaves)
        first = torch.autograd.grad(value, leaves, create_graph=True)
        plain = torch.autograd.grad(criterion(*leaves), leaves)
        second = torch.autograd.grad((first[0] ** 2).sum(), leaves[0])[0] if name != "zero-one" else z
        found.append((value, *first, *plain, second))
    torch.testing.assert_close(*found)


def test_probabilities_of_many_classes_take_little_memory():
    """At K = 100 000 a dozen float64 arrays of the whole batch would be 600 MB beside logits of 26 MB."""
    code = """
import resource, torch
from lossmatters.theory.losses import get
torch.set_num_threads(1)
z = torch.randn(64, 100_000, requires_grad=True)
target = torch.zeros(64, 100_000)
target[:, 0] = 1
criterion = get("cce").criterion()
criterion(z[:1], target[:1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
criterion(z, target).backward()
more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
assert more < 250, more
"""
    subprocess.run([sys.executable, "-c", code], check=True)
