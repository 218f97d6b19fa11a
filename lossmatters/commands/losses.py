"""Commands that speak of losses and labels, without any network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lossmatters import listing, show
from lossmatters.arguments import (
    Call,
    Declare,
    Json,
    Long,
    parse_declarations,
    words,
)
from lossmatters.theory.progress import progress, steps

MOST_CLASSES = 10_000  # beyond, exact points of that many entries take minutes and gigabytes


def losses(long: Long = False, as_json: Json = False) -> None:
    """List all losses with their properties and constants, for every number of classes K at once.

    The first time takes half a minute of one core, shared by all; then the table is kept in the user's cache
    folder (LOSSMATTERS_CACHE).

    Examples: `lossmatters losses` · `lossmatters losses --long` · `lossmatters losses --json`
    """
    from lossmatters.proofs_checks.checker import checked_catalogue
    from lossmatters.theory.processes import usable_cores

    with progress("losses", show=not as_json):
        rows, wrong = checked_catalogue(workers=usable_cores())
    if as_json:
        found = {"contradictions": [w.to_dict() for w in wrong]} if wrong else {}
        show.print_json({"losses": rows, **found})
    else:
        listing.losses(rows, full=long)
    if wrong:
        for contradiction in wrong:
            print(f"lossmatters: {contradiction.key}: {contradiction.says}", file=sys.stderr)
        raise typer.Exit(1)


def certify(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS",
            help="NAME, NAME(alpha=0.5), a sum, path/to/file.py:object or package.module:object.",
        ),
    ],
    num_classes: Annotated[
        int, typer.Option("-K", "--classes", help="Number of classes, 10000 at most.")
    ] = 10,
    noise: Annotated[
        str, typer.Option("--noise", help="Uniform noise rate eta, such as 0.4 or 2/5.")
    ] = "0.4",
    formal: Annotated[
        Path | None,
        typer.Option(
            "--formal",
            metavar="DIR",
            help="Write a Coq file on the loss's symmetry there, and have Coq check it.",
        ),
    ] = None,
    promises: Declare = None,
    call: Call = None,
    as_json: Json = False,
) -> None:
    """Show everything known about one loss: symmetry, label sum, bounds, and what noise can do to it.

    Examples: `lossmatters certify rll` · `lossmatters certify "gce(q=0.5)" -K 100 --noise 0.2` ·
    `lossmatters certify my_losses.py:MyLoss --json` · `lossmatters certify rll --formal proofs/`
    """
    from lossmatters.proofs_checks.checker import check_certificate
    from lossmatters.proofs_checks.checker.check import with_contradictions
    from lossmatters.theory.certificate import certify as make
    from lossmatters.theory.certificate_text import describe
    from lossmatters.theory.losses import get

    if num_classes > MOST_CLASSES:
        raise ValueError(f"num_classes must be at most {MOST_CLASSES} here, got num_classes={num_classes}")
    subject = get(loss)
    if not subject.has_formula or promises or call:
        from lossmatters.proofs_checks.conformance.adapted import as_loss

        subject = as_loss(loss, num_classes, call=call or "", **parse_declarations(promises))
    with progress("certificate", show=not as_json):
        certificate = make(subject, num_classes, noise)
        said, wrong = check_certificate(subject, certificate)
    rows = with_contradictions(describe(certificate), wrong)
    if formal is not None:
        from lossmatters.proofs_checks.formal.own_loss import formal_evidence

        with progress("Coq", show=not as_json):
            found = formal_evidence(subject, formal)
        said = {**said, "formal": found.to_dict()}
        rows.append(("formal proof", found.sentence))
    if as_json:
        show.print_json(said)
    else:
        show.certificate(rows, f"[bold]{certificate.spec}[/bold], K = {num_classes}, eta = {noise}")
    if wrong:
        raise typer.Exit(1)


def check(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS", help="path/to/file.py:object, package.module:object, or what `certify` knows."
        ),
    ],
    quick: Annotated[bool, typer.Option("--quick", help="About 3 s.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help="For a night.")] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="TAG,...", help="Ids and tags of the checks to run.")
    ] = None,
    promises: Declare = None,
    call: Call = None,
    as_json: Json = False,
) -> None:
    """Check the promises that a robust loss should keep, of anyone's loss.

    It may be a Loss, a torch module, or any callable on logits (N, K) and labels (N,); one that wants other
    arguments says how by --declare and --call. Exit status 1 if a promise is broken, 2 if the loss cannot be
    made or called, 130 if interrupted, with what was found until then.

    Examples: `lossmatters check my_losses.py:my_function` · `lossmatters check my_losses.py:MyLoss --quick` ·
    `lossmatters check torch.nn:CrossEntropyLoss --declare symmetric=no,zero_at_label` ·
    `lossmatters check "my_losses.py:Focal(10, gamma=2)" --declare targets=onehot --call "loss(y, z)"` ·
    `lossmatters check rll --only symmetry,gradient --json`
    """
    from lossmatters.proofs_checks.conformance import check_loss
    from lossmatters.proofs_checks.conformance.suite import Interrupted, select

    if quick and thorough:
        raise ValueError("quick and thorough must be given one at a time, got both")
    budget = "quick" if quick else "thorough" if thorough else "default"
    chosen = words(only) or None
    said = parse_declarations(promises)
    with steps("checks", len(select(chosen)), show=not as_json) as step:
        try:
            report = check_loss(loss, budget=budget, only=chosen, step=step, call=call or "", **said)
        except Interrupted as interrupted:
            report = interrupted.report
    if as_json:
        show.print_json(report.to_dict())
    else:
        show.conformance(report)
    if not report.complete:
        raise KeyboardInterrupt(f"interrupted after {len(report.results)} checks")
    if not report.ok:
        raise typer.Exit(1)


def validate(
    noisy_accuracy: Annotated[
        str | None,
        typer.Option("--noisy-accuracy", metavar="SHARE", help="Share of noisy labels that were predicted."),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="Number of validation samples.")] = None,
    num_classes: Annotated[int, typer.Option("-K", "--classes", help="Number of classes.")] = 10,
    noise: Annotated[str, typer.Option("--noise", help="Uniform noise rate eta of the labels.")] = "0.4",
    first_only: Annotated[
        int | None, typer.Option("--first-only", help="Noisy labels that only a first classifier predicts.")
    ] = None,
    second_only: Annotated[
        int | None, typer.Option("--second-only", help="Noisy labels that only a second one predicts.")
    ] = None,
    delta: Annotated[
        float | None, typer.Option("--delta", help="Clean accuracies this far apart are to be told apart.")
    ] = None,
    disagreement: Annotated[
        float, typer.Option("--disagreement", help="Share of samples on which two classifiers differ.")
    ] = 1.0,
    counts: Annotated[
        Path | None,
        typer.Option(
            "--counts", metavar="FILE", help="JSON: K rows (predictions) of K counts (noisy labels)."
        ),
    ] = None,
    matrix: Annotated[
        Path | None,
        typer.Option("--matrix", metavar="FILE", help="JSON: K rows (clean) of K probabilities (noisy)."),
    ] = None,
    level: Annotated[float, typer.Option("--level", help="Coverage of the intervals.")] = 0.95,
    as_json: Json = False,
) -> None:
    """Estimate clean accuracy from noisy validation labels, with an interval; compare two classifiers.

    Noise must not depend on the prediction given the clean label. With a known matrix T also by class.

    Examples: `lossmatters validate --noisy-accuracy 0.58 --n 5000 -K 10 --noise 0.4` ·
    `lossmatters validate --first-only 420 --second-only 300 --n 5000 --noise 0.4` ·
    `lossmatters validate --delta 0.01 --disagreement 0.1 --noise 0.4` ·
    `lossmatters validate --counts counts.json --matrix T.json`
    """
    from lossmatters.validate import answers

    found = answers(
        noisy_accuracy=noisy_accuracy,
        n=n,
        num_classes=num_classes,
        noise=noise,
        first_only=first_only,
        second_only=second_only,
        delta=delta,
        disagreement=disagreement,
        counts=counts,
        matrix=matrix,
        level=level,
    )
    if as_json:
        show.print_json(found)
    else:
        show.validation(found)
