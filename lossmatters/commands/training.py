"""Commands that train networks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from lossmatters import listing, show
from lossmatters.arguments import (
    DEFAULT_OUT,
    Device,
    Epochs,
    Json,
    NoisyLabels,
    Only,
    Out,
    OwnData,
    OwnModel,
    OwnNoise,
    OwnOptimiser,
    OwnSchedule,
    RecordsPath,
    Seeds,
    Workers,
    check_not_kept,
    own_noise,
    parse_only,
    parse_time,
)
from lossmatters.theory.progress import progress


def try_loss(
    loss: Annotated[str, typer.Argument(metavar="LOSS", help="What `certify` takes.")],
    dataset: OwnData = "digits",
    model: OwnModel = "mlp",
    noise: OwnNoise = None,
    noisy_labels: NoisyLabels = None,
    optimiser: OwnOptimiser = None,
    schedule: OwnSchedule = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Networks of each loss.")] = 1,
    epochs: Epochs = None,
    device: Device = "auto",
    workers: Workers = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", metavar="DIR", help="Where MNIST and CIFAR-10 are.")
    ] = None,
    records: Annotated[
        Path | None, typer.Option("--records", metavar="FILE", help="Keep the records here.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure", metavar="FILE", help="Draw the (J1, J2) plane here: pdf, png, svg, eps or pgf."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Try a suspicion: does this loss memorise wrong labels? What is known, then a short training to see.

    Trains it beside CCE and RLL, on digits unless told otherwise. One seed is an illustration, not evidence.

    Examples: `lossmatters try gce` · `lossmatters try my_losses.py:MyLoss --noise pair:0.4 --seeds 3` ·
    `lossmatters try rll --dataset mine.npz --model nets.py:make --noisy-labels labels.npy --json`
    """
    from lossmatters.trial import NOISE, trial

    labels = own_noise(noise, noisy_labels)
    found = trial(
        loss,
        dataset=dataset or "digits",
        model=model or "mlp",
        noise=NOISE if labels is None else labels,
        optimiser=optimiser,
        schedule=schedule,
        seeds=seeds,
        epochs=epochs,
        device=device,
        workers=workers,
        data_dir=data_dir,
        records=records,
        figure=figure,
        progress=not as_json,
    )
    if as_json:
        show.print_json(found)
    else:
        show.trial(found)


def tune(
    losses: Annotated[
        list[str], typer.Argument(metavar="LOSS...", help="Several, or one and the values of its parameter.")
    ],
    over: Annotated[
        str | None,
        typer.Option("--over", metavar="NAME=VALUE,...", help="alpha=1/100,1/10,1: of the one loss."),
    ] = None,
    dataset: OwnData = "digits",
    model: OwnModel = "mlp",
    noise: Annotated[str, typer.Option("--noise", help="The rate eta of uniform noise.")] = "0.4",
    annotated: Annotated[
        bool,
        typer.Option("--annotated", help="The labels are wrong already, at this rate; none are altered."),
    ] = False,
    held: Annotated[str, typer.Option("--held", help="The share of samples that is held out.")] = "1/5",
    seed: Annotated[int, typer.Option("--seed", help="Of split, noise and networks.")] = 0,
    epochs: Epochs = None,
    device: Device = "auto",
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", metavar="DIR", help="Where MNIST and CIFAR-10 are.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Choose a loss, or its parameter, by noisy validation labels, and say which may be as good.

    Trains a network with each on the same noisy labels; the rest, as noisy, is held out to choose by (V1).

    Examples: `lossmatters tune rll` · `lossmatters tune rll --over alpha=1/100,1/10,1 --noise 0.2` ·
    `lossmatters tune rll gce mae --dataset mine.npz --model nets.py:Net --annotated --noise 0.3`
    """
    from lossmatters.tuning import candidates, tuned

    many = len(candidates(losses, over))
    with progress("networks", epochs, show=not as_json, unit=f"epochs of {many} networks") as report:
        found = tuned(
            losses,
            over,
            dataset=dataset or "digits",
            model=model or "mlp",
            noise=noise,
            annotated=annotated,
            held=held,
            seed=seed,
            epochs=epochs,
            device=device,
            data_dir=data_dir,
            on_epoch=lambda epoch: report(epoch, ""),
        )
    if as_json:
        show.print_json(found)
    else:
        listing.tuned(found)


def train(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="A profile: quick, cpu, ..., or own.")
    ],
    dataset: OwnData = None,
    model: OwnModel = None,
    noise: OwnNoise = None,
    noisy_labels: NoisyLabels = None,
    optimiser: OwnOptimiser = None,
    schedule: OwnSchedule = None,
    losses: Annotated[
        list[str] | None,
        typer.Option("--loss", metavar="LOSS", help="In place of the profile's losses; more than once."),
    ] = None,
    records: RecordsPath = None,
    out: Out = DEFAULT_OUT,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option(help="Go on with existing records; --no-resume refuses to.")] = True,
    workers: Workers = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    only: Only = None,
    subset: Annotated[
        int | None,
        typer.Option("--subset", metavar="N", help="N training and test samples only, to try things."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option("--precision", metavar="TYPE", help="float32 or bfloat16 instead of what is declared."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Where MNIST and CIFAR-10 are, or are put."),
    ] = None,
    executor: Annotated[
        str,
        typer.Option(
            "--executor",
            metavar="WHERE",
            help="local, or a running Dask cluster: tcp://HOST:PORT or dask:SCHEDULER_FILE.",
        ),
    ] = "local",
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="TIME", help="Save and stop after 90s, 9m or 2h; the next call goes on."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing; fail at once where files of data are missing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the runs and estimate the time; train nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train the networks of an experiment; what is recorded already is not trained again.

    Keys of `--only`: loss, eta, model, dataset, variant, seed, start. Your own data, network, noise and
    losses take the place of a profile's; `own` has CCE and RLL at eta = 0.4 to begin with.

    Examples: `lossmatters train own --dataset mine.npz --model nets.py:make --noise pair:0.4 --loss cce
    --loss rll` · `lossmatters train quick` · `lossmatters train quick --only loss=rll,eta=0.4 --seeds 2` ·
    `lossmatters train paper --only model=resnet32 --data-dir DIR --budget 9m` ·
    `lossmatters train cpu --dry-run` · `lossmatters train paper --executor dask:scheduler.json --device cuda`
    """
    from lossmatters.empirics.experiments import get_experiment, planning, runner, with_own

    if offline:
        from lossmatters.empirics.data.files import OFFLINE

        os.environ[OFFLINE] = "1"  # worker processes inherit it
    asked_for = with_own(
        get_experiment(experiment),
        dataset=dataset,
        model=model,
        noise=own_noise(noise, noisy_labels),
        losses=losses or (),
        optimiser=optimiser,
        schedule=schedule,
    )
    check_not_kept(records)
    path = records or out / "records"
    options: dict[str, Any] = {
        "records_path": path,
        "seeds": seeds,
        "epochs": epochs,
        "subset": subset,
        "precision": precision,
        "data_dir": data_dir,
        "only": parse_only(only),
        "device": device,
        "workers": workers,
        "resume": resume,
        "executor": executor,
    }
    if dry_run:
        show.plan(planning.plan(asked_for, **options), as_json)
        return
    found = runner.train(
        asked_for,
        **options,
        budget=parse_time(budget) if budget else None,
        progress=not as_json,
    )
    where = planning.records_file(path, experiment)
    wanted = len(planning.plan(asked_for, **{**options, "resume": True}).runs)
    if as_json:
        show.print_json({"records": str(where), "runs": [r.run_id for r in found], "asked_for": wanted})
    elif len(found) < wanted:
        typer.echo(f"{len(found)} of {wanted} runs are recorded in {where}; the same command goes on")
    else:
        typer.echo(f"{len(found)} {'run is' if len(found) == 1 else 'runs are'} recorded in {where}")
