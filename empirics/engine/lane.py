"""A lane: one network at a time, whose steps leave nothing to be decided on the host.

Which batch, which step size and where the loss goes are read from tensors on the device, so that on a GPU a
step is one replay of a CUDA graph, and several lanes keep the device busy from threads of one process. On a
CPU the same code runs without graphs, and a network learns the same bits as alone in a stack.

Networks of one loss go through a lane one after another: their weights, labels and random numbers are
copied into the tensors that the graphs know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.data.batches import Batches, Crops
from lossmatters.empirics.engine.checkpoint import Checkpoints, OutOfTime
from lossmatters.empirics.engine.feed import Feed, batches
from lossmatters.empirics.engine.forward import autocast, channels_last, chunks
from lossmatters.empirics.engine.metrics import Counter, Curves
from lossmatters.empirics.engine.replay import Replay, on_stream
from lossmatters.empirics.engine.train import SECOND_PHASE, Network, optimiser_of
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models.base import Model
from lossmatters.empirics.randomness import torch_seed
from lossmatters.theory.criteria.criterion import sample_losses
from lossmatters.theory.losses import Loss

WARM_UP = {"cpu": 1, "cuda": 3}  # steps before the capture: cuDNN chooses, the optimiser makes its state


def lane_inputs(
    data: Dataset,
    model: Model,
    training: Training,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Batches:
    """Put training and test inputs on the device, where all lanes of a set-up share them."""
    precision = torch.bfloat16 if training.precision == "bfloat16" and data.is_images else dtype
    found = batches(data, data.every_input, model, training.augmentation, device=device, dtype=precision)
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()  # lanes read it from streams of their own
    return found


class Lane:
    """A place where networks of one loss are trained, one after another.

    Parameters
    ----------
    data, model, training, loss : of all its networks.
    inputs : by `lane_inputs`, to share them; made if not given.
    graphs : on a GPU, whether to capture steps; otherwise each operation is launched by itself.
    priority : of its stream; a lane of -1 goes before those of 0.

    Attributes
    ----------
    stack : the network, in a stack of one; its tensors stay the same.
    epochs_done : of the network in it.
    """

    def __init__(
        self,
        data: Dataset,
        model: Model,
        training: Training,
        loss: Loss,
        *,
        inputs: Batches | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        graphs: bool = True,
        priority: int = 0,
    ) -> None:
        self.data, self.model, self.training, self.loss = data, model, training, loss
        self.device, self.dtype, self.graphs = torch.device(device), dtype, graphs
        on_gpu = self.device.type == "cuda"
        self.inputs = inputs or lane_inputs(data, model, training, self.device, dtype)
        self.stream = torch.cuda.Stream(self.device, priority=priority) if on_gpu else None
        self.size, self.epochs_done = len(data.train_labels), 0
        with on_stream(self.stream):
            self._make_tensors()
            self.prepare()

    def _make_tensors(self) -> None:
        device, size = self.device, self.size
        self.stack = self.model.stack(
            self.data.input_shape, self.data.num_classes, [0], device=device, dtype=self.dtype
        )
        channels_last(self.stack)
        self._generator = torch.Generator(device)
        if hasattr(self.stack, "generator"):
            self.stack.generator = self._generator
        self.bounds = Feed(self.inputs, size, self.training, [0]).bounds
        steps = len(self.bounds)
        table = [
            self.training.step_size(e, s / steps) for e in range(self.training.epochs) for s in range(steps)
        ]
        # fused kernels of a GPU read the step size as float32, those of a CPU as float64
        kind = torch.float32 if device.type == "cuda" else torch.float64
        self._rates = torch.tensor([*table, *[0.0] * 16], dtype=kind, device=device)  # and for the warm-up
        self._rate = self._rates[0].clone()
        self._first, self._count = torch.zeros(2, 1, dtype=torch.long, device=device).unbind()
        self._along = torch.arange(self.training.batch_size + 1, device=device)
        self._order = torch.arange(size, device=device)
        self._labels = torch.zeros(size, dtype=torch.long, device=device)
        self._total = torch.zeros(1, dtype=self.dtype, device=device)
        self._classes = torch.zeros(len(self.inputs), dtype=torch.long, device=device)
        self._crops: Crops | None = None
        if self.training.augmentation != "none" and self.inputs.are_images:
            none = torch.zeros(size, dtype=torch.long, device=device)
            self._crops = Crops(none.clone(), none.clone(), none.bool())
        self._chunks = chunks(self.inputs)
        self._clean, self._tests = (
            torch.from_numpy(labels).to(device) for labels in (self.data.train_labels, self.data.test_labels)
        )
        self._optimiser = optimiser_of(self.training, self.stack, self._rate)

    def _step(self, width: int) -> None:
        batch = self._order[self._first + self._along[:width]][None]
        given = self.inputs.take(batch, None if self._crops is None else self._crops[batch])
        with autocast(self.device, self.training.precision):
            logits = self.stack(given)
        logits = logits.to(self.dtype)  # of bfloat16, which has too few digits for a loss
        value = sample_losses(self.loss, logits, self._labels[batch]).mean(dim=1)
        self._optimiser.zero_grad()
        value.sum().backward()
        self._rate.copy_(self._rates[self._count][0])
        self._optimiser.step()
        self._total += value.detach()
        self._first += width
        self._count += 1

    @torch.no_grad()
    def _evaluate(self) -> None:
        self.stack.eval()
        with autocast(self.device, self.training.precision):
            for chunk, out in zip(self._chunks, self._classes.split([*map(len, self._chunks)]), strict=True):
                out.copy_(self.stack(self.inputs.take(chunk)[None]).argmax(dim=-1)[0])
        self.stack.train()

    def prepare(self) -> None:
        """Warm up and capture. Whatever that leaves behind, `begin` sets."""
        self.stack.train()
        widths = sorted({stop - first for first, stop in self.bounds}, reverse=True)
        for width in widths:
            # Only full batches are worth a search for the fastest algorithms; and only for such as give the
            # same bits each time.
            with _cudnn(search=width == widths[0]):
                for _ in range(WARM_UP[self.device.type]):
                    self._first.zero_()
                    self._step(width)
        if self.stream is not None:
            with _cudnn(search=False):
                self._evaluate()
            self.wait()
        generator = self._generator if getattr(self.stack, "dropout", 0) else None
        pool = torch.cuda.graph_pool_handle() if self.stream is not None and self.graphs else None
        self.steps = {}
        for width in widths:
            with _cudnn(search=width == widths[0]):
                self.steps[width] = Replay(
                    lambda width=width: self._step(width),  # type: ignore[misc]  # bound at once
                    self.stream,
                    captured=self.graphs,
                    pool=pool,
                    generator=generator,
                )
        with _cudnn(search=False):
            self.evaluation = Replay(self._evaluate, self.stream, captured=self.graphs, pool=pool)

    @torch.no_grad()
    def begin(self, network: Network, start: Any = None) -> None:
        """Put a network in: at the start that its seed gives, or where the stack of one `start` is."""
        if network.loss != self.loss:
            raise ValueError(f"loss must be {self.loss.spec}, got loss={network.loss.spec!r}")
        key = () if start is None else (SECOND_PHASE,)
        fresh = start
        if fresh is None:
            shape, classes = self.data.input_shape, self.data.num_classes
            fresh = self.model.stack(shape, classes, [network.seed], dtype=self.dtype)
        with on_stream(self.stream):
            _copy(self.stack.state_dict(), fresh.state_dict())
            for state in self._optimiser.state.values():
                for tensor in state.values():
                    tensor.zero_()
            self.rewind()
            noisy = torch.from_numpy(network.noisy_labels).to(self.device)
            self._labels.copy_(noisy)
            self._generator.manual_seed(torch_seed("dropout", network.seed, *key))
            classes, epochs = self.data.num_classes, self.training.epochs
            self._counter = Counter(noisy[None], self._clean, self._tests, classes, epochs)
            self._losses = torch.zeros(epochs, dtype=self.dtype, device=self.device)
            self._feed = Feed(self.inputs, self.size, self.training, [network.seed], key)
        self.epochs_done = 0

    def epoch(self) -> None:
        """Train for an epoch, and measure; on a GPU, wait until that is done."""
        with on_stream(self.stream), torch.no_grad():
            order, crops = self._feed.draw()
            self._order.copy_(order[0], non_blocking=True)
            if self._crops is not None and crops is not None:
                for name in ("top", "left", "mirrored"):
                    getattr(self._crops, name).copy_(getattr(crops, name)[0])
            self._first.zero_()
            self._total.zero_()
        for first, stop in self.bounds:
            self.steps[stop - first]()
        self.evaluation()
        with on_stream(self.stream), torch.no_grad():
            classes, size = self._classes[None], self.size
            self._counter.count(self.epochs_done, classes[:, :size], classes[:, size:])
            self._losses[self.epochs_done] = self._total[0] / len(self.bounds)
        self.wait()
        self.epochs_done += 1

    def rewind(self) -> None:
        """Go to the first batch and the first step size again, to time steps."""
        with on_stream(self.stream):
            for tensor in (self._first, self._count, self._total):
                tensor.zero_()
        self.wait()

    def wait(self) -> None:
        """Wait until all is done that was asked of the lane."""
        if self.stream is not None:
            self.stream.synchronize()

    def curves(self) -> Curves:
        """Return the curves of the network, by the names of `lossmatters.empirics.records.CURVES`."""
        with on_stream(self.stream):
            (found,) = self._counter.curves()
            found["train_loss"] = self._losses.tolist()
            return found

    def state(self) -> dict[str, Any]:
        """Return all that training the network further needs, for `resume`."""
        with on_stream(self.stream):
            optimiser = [dict(self._optimiser.state[p]) for p in self.stack.parameters()]
            return {
                "epochs": self.epochs_done,
                "stack": self.stack.state_dict(),
                "optimiser": optimiser,
                "count": self._count,
                "counts": self._counter.counts,
                "losses": self._losses,
                "feed": self._feed.state(),
                "dropout": self._generator.get_state(),
            }

    @torch.no_grad()
    def resume(self, saved: dict[str, Any]) -> None:
        """Go on where `state` was taken; after `begin` with the same network."""
        with on_stream(self.stream):
            _copy(self.stack.state_dict(), saved["stack"])
            for parameter, found in zip(self.stack.parameters(), saved["optimiser"], strict=True):
                _copy(self._optimiser.state[parameter], found)
            self._count.copy_(saved["count"])
            self._counter.counts.copy_(saved["counts"])
            self._losses.copy_(saved["losses"])
            # generators' states lie on the host whatever the device
            crops = [state.cpu() for state in saved["feed"]["crops"]]
            self._feed.resume({**saved["feed"], "crops": crops})
            self._generator.set_state(saved["dropout"].cpu())
        self.epochs_done = int(saved["epochs"])


def train_in_lane(
    lane: Lane,
    network: Network,
    *,
    start: Any = None,
    on_epoch: Callable[[int], None] | None = None,
    checkpoints: Checkpoints | None = None,
    turn: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Curves:
    """Train one network in a lane, as `train_stack` does a stack, and return its curves.

    Parameters
    ----------
    turn : entered for each epoch, such as `Gate.shared`.

    Raises
    ------
    OutOfTime : the deadline has come; the state is saved.
    """
    epochs = lane.training.epochs
    with turn():
        lane.begin(network, start)
        saved = None if checkpoints is None else checkpoints.load(lane.device)
        if saved is not None:
            lane.resume(saved)
    if on_epoch is not None and lane.epochs_done:
        on_epoch(lane.epochs_done)
    if checkpoints is not None and checkpoints.late and lane.epochs_done < epochs:
        raise OutOfTime
    while lane.epochs_done < epochs:
        began = time.time()
        with turn():
            lane.epoch()
        if on_epoch is not None:
            on_epoch(lane.epochs_done)
        if checkpoints is not None:
            save, stop = checkpoints.due(lane.epochs_done == epochs, time.time() - began)
            if save:
                checkpoints.save(lane.state())
            if stop:
                raise OutOfTime
    with turn():
        return lane.curves()


def _copy(tensors: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    """Write values to tensors that stay where they are."""
    for name, tensor in tensors.items():
        tensor.copy_(values[name])


@contextmanager
def _cudnn(search: bool) -> Iterator[None]:
    """Let cuDNN choose among deterministic algorithms, by trials of each if `search`."""
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    cudnn.benchmark, cudnn.deterministic = search, True
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before
