"""Runs through lanes: threads of one process, each with a network of its own on the device.

A record is written the moment its network is done. A lane that fails is made anew, at first without graphs;
the others go on. What happens is told to `log`, event by event.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lossmatters.empirics.engine.checkpoint import Checkpoints, OutOfTime
from lossmatters.empirics.engine.lane import Lane, lane_inputs, train_in_lane
from lossmatters.empirics.engine.replay import Gate, on_stream
from lossmatters.empirics.engine.risks import final_risks
from lossmatters.empirics.engine.train import Network
from lossmatters.empirics.experiments.jobs import Group, Job, about
from lossmatters.empirics.experiments.stack import (
    Saving,
    Task,
    checkpoint_folder,
    dataset,
    noisy_labels,
    record_of,
)
from lossmatters.empirics.records import Record
from lossmatters.theory.losses import get

Log = Callable[[dict[str, Any]], None]
AHEAD = 4  # times the lanes: how far ahead a run for a lane that is there already may be taken


@dataclass
class Slot:
    """A thread, its lane, and what it is doing."""

    group: Group
    index: int
    inbox: queue.SimpleQueue[Job | None] = field(default_factory=queue.SimpleQueue)
    lane: Lane | None = None
    programme: tuple[Any, ...] | None = None
    graphs: bool = True
    job: Job | None = None
    epochs: int = 0
    failures: int = 0
    checkpoints: Checkpoints | None = None


class Lanes:
    """Trains groups of runs.

    Parameters
    ----------
    write : given each record the moment its network is done, by one thread at a time.
    device : "cuda" or "cpu".
    saving : where and how often runs that save do it, and the deadline: no run begins that would surely end
        later, and those that save are saved then. None for no deadline; then no run may save.
    source, data_dir : as in `Task`.
    report : given a job and its epochs, after each.
    tick : called twice a second.

    Attributes
    ----------
    deadline : in seconds since 1970; may be moved.
    done : the records in the order in which they were written.
    errors : what went wrong, one a run.
    """

    FAILURES = 3  # of one slot, after which it is given up

    def __init__(
        self,
        write: Callable[[Job, Record], None],
        *,
        device: str = "cuda",
        saving: Saving | None = None,
        source: str | None = None,
        data_dir: str | None = None,
        log: Log = lambda event: None,
        report: Callable[[Job, int], None] = lambda job, epochs: None,
        tick: Callable[[Lanes], None] = lambda lanes: None,
    ) -> None:
        self.write, self.device, self.saving, self.report, self.tick = write, device, saving, report, tick
        self.deadline = float("inf") if saving is None or saving.deadline is None else saving.deadline
        self.source, self.data_dir, self.log = source, data_dir, log
        self.gate, self.slots = Gate(), list[Slot]()
        self.done, self.errors = list[Record](), list[BaseException]()
        self._finished: queue.SimpleQueue[tuple[Slot, Job, Any]] = queue.SimpleQueue()
        self._inputs: dict[tuple[Any, ...], Any] = {}
        self._epoch_seconds: dict[tuple[Any, ...], float] = {}
        self._writing = threading.Lock()

    def run(self, groups: Sequence[Group]) -> list[Record]:
        """Train all that fits; the records."""
        self.slots = [Slot(group, i) for group in groups for i in range(group.lanes)]
        threads = [threading.Thread(target=self._serve, args=(slot,), daemon=True) for slot in self.slots]
        for thread in threads:
            thread.start()
        while True:
            self._assign()
            if not (any(slot.job for slot in self.slots) or self._waiting()):
                break
            with suppress(queue.Empty):
                self._take(*self._finished.get(timeout=0.5))
                while True:
                    self._take(*self._finished.get_nowait())
            self.tick(self)
            for slot in self.slots:  # the deadline may have been moved
                if slot.checkpoints is not None:
                    slot.checkpoints.deadline = self.deadline
        for slot in self.slots:
            slot.inbox.put(None)
        for thread in threads:
            thread.join()
        return self.done

    def stop(self) -> None:
        """Begin nothing more, and save what is under way after its epoch."""
        self.deadline = 0.0
        for slot in self.slots:
            slot.group.jobs.clear()

    def _assign(self) -> None:
        """Give idle slots their next runs; all graphs that these need are captured in one go."""
        chosen = [slot for slot in self.slots if slot.job is None and self._choose(slot)]
        new = [slot for slot in chosen if slot.job is not None and slot.programme != slot.job.programme]
        for slot in chosen:
            if slot not in new:
                slot.inbox.put(slot.job)
        if new:
            with self.gate.exclusive():
                for slot in new:
                    self._prepare(slot)
            for slot in new:
                if slot.job is not None:
                    slot.inbox.put(slot.job)

    def _waiting(self) -> bool:
        """Return whether runs are left that may still begin."""
        return any(
            slot.failures < self.FAILURES and any(self._fits(job) for job in slot.group.jobs)
            for slot in self.slots
        )

    def _fits(self, job: Job) -> bool:
        if job.eager:
            return True
        if time.time() >= self.deadline:
            return False
        each = self._epoch_seconds.get(job.programme[:3])
        return (
            job.saves or each is None or time.time() + each * job.experiment.training.epochs < self.deadline
        )

    def _choose(self, slot: Slot) -> bool:
        """Choose the next run of the slot's group: one for the lane that it has, if one is not far behind."""
        if slot.failures >= self.FAILURES or not slot.group.jobs or not slot.group.ready():
            return False
        fitting = [job for job in slot.group.jobs if self._fits(job)]
        if not fitting:
            return False
        ahead = fitting[: AHEAD * slot.group.lanes]
        slot.job = next((job for job in ahead if job.programme == slot.programme), fitting[0])
        slot.group.jobs.remove(slot.job)
        slot.epochs = 0
        return True

    def _prepare(self, slot: Slot) -> None:
        """Make the slot a lane for its run, if need be one without graphs."""
        job, began = slot.job, time.time()
        assert job is not None
        slot.lane, slot.programme = None, None
        for graphs in (True, False) if slot.graphs else (False,):
            try:
                slot.lane = self._lane(job, graphs, slot.group.priority)
                break
            except Exception as error:
                self.log({"event": "no lane", "graphs": graphs, **about(job), **_told(error)})
        if slot.lane is None:
            self._fail(slot, job, RuntimeError("no lane could be made"))
            return
        slot.programme = job.programme
        seconds = round(time.time() - began, 2)
        self.log(
            {"event": "lane", "group": slot.group.name, "graphs": graphs, "seconds": seconds, **about(job)}
        )

    def _lane(self, job: Job, graphs: bool, priority: int) -> Lane:
        part = job.experiment
        data, training = dataset(part.dataset, self.data_dir), part.training
        # of one form of the inputs for all lanes that are given the same
        key = part.dataset, part.model.given(data.input_shape), training.augmentation, training.precision
        if key not in self._inputs:
            self._inputs[key] = lane_inputs(data, part.model, training, self.device)
        return Lane(
            data,
            part.model,
            training,
            get(job.run.loss),
            inputs=self._inputs[key],
            device=self.device,
            graphs=graphs,
            priority=priority,
        )

    def _serve(self, slot: Slot) -> None:
        while (job := slot.inbox.get()) is not None:
            try:
                outcome: Any = self._train(slot, job)
            except BaseException as error:
                outcome = error
            self._finished.put((slot, job, outcome))

    def _train(self, slot: Slot, job: Job) -> Record:
        lane, part, run = slot.lane, job.experiment, job.run
        assert lane is not None
        data, began = dataset(part.dataset, self.data_dir), time.time()
        drawn = noisy_labels(part, run, self.data_dir)
        network = Network(lane.loss, run.seed, drawn.noisy_labels)
        task = Task(part, (run,), job.index, self.device, self.source, self.data_dir, self.saving)
        slot.checkpoints = checkpoints = None
        if job.saves and self.saving is not None:
            folder = checkpoint_folder(task)
            assert folder is not None  # there is a place to save to
            slot.checkpoints = checkpoints = Checkpoints(
                folder / "lane.pt", self.saving.every, self.deadline, eager=job.eager
            )

        def on_epoch(epochs: int) -> None:
            now = time.time()
            if epochs - slot.epochs == 1 and slot.epochs:  # the first one sets things up
                self._epoch_seconds[job.programme[:3]] = now - last[0]
            slot.epochs, last[0] = epochs, now
            self.report(job, epochs)

        last = [began]
        curves = train_in_lane(
            lane, network, on_epoch=on_epoch, checkpoints=checkpoints, turn=self.gate.shared
        )
        with self.gate.shared(), on_stream(lane.stream):
            (risks,) = final_risks(
                data,
                part.model,
                lane.stack,
                [network],
                [part.noise.fresh(data, run.rate)],
                part.training.precision,
            )
        seconds = time.time() - began + (0.0 if checkpoints is None else checkpoints.seconds_before)
        lanes = {"lane": slot.index, "lanes": len(self.slots), "graphs": lane.graphs}
        record = record_of(task, run, drawn, curves, risks, seconds, lanes)
        with self._writing:
            self.write(job, record)
            self.done.append(record)
        return record

    def _take(self, slot: Slot, job: Job, outcome: Any) -> None:
        slot.job = None
        if isinstance(outcome, Record):
            final = {name: values[-1] for name, values in outcome.curves.items()}
            seconds = outcome.provenance["wall_time_s"]
            self.log({"event": "record", **about(job), "seconds": seconds, **final})
        elif isinstance(outcome, OutOfTime):
            self.log({"event": "out of time", **about(job), "done": slot.epochs})
        else:
            self._fail(slot, job, outcome)

    def _fail(self, slot: Slot, job: Job, error: BaseException) -> None:
        """Log it; the slot goes on with another lane, without graphs, and with other runs."""
        slot.job, slot.lane, slot.programme, slot.graphs = None, None, None, False
        slot.failures += 1
        self.errors.append(error)
        self.log(
            {"event": "failure", "group": slot.group.name, "slot": slot.index, **about(job), **_told(error)}
        )


def _told(error: BaseException) -> dict[str, str]:
    where = traceback.format_exception(type(error), error, error.__traceback__)
    return {"error": f"{type(error).__name__}: {error}"[:400], "trace": "".join(where)[-1500:]}
