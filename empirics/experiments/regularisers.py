"""E9: a set-up with weight decay, dropout, batch normalisation or augmentation, or with all of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossmatters.empirics.experiments.experiment import Experiment
from lossmatters.empirics.models.images import ImageModel

NONE, ALL = "no regulariser", "all regularisers"


def variants(
    main: Experiment,
    grid: tuple[tuple[str, Fraction], ...],
    *,
    dropout: Fraction,
    decay: Fraction,
    mirror: bool,
    norm: bool = False,
) -> tuple[Experiment, ...]:
    """Return set-ups beside the main one: no regulariser at all, each of them alone, and all four.

    The main one must have batch normalisation and nothing else.

    Parameters
    ----------
    grid : the (loss, rate) pairs to train with each.
    dropout, decay : how strong these are.
    mirror : whether augmentation mirrors, too.
    norm : whether to have the one with batch normalisation alone too, which the main one is.
    """
    model, training = main.model, main.training
    assert isinstance(model, ImageModel)
    assert (model.batch_norm, model.dropout) == (True, 0)
    assert (training.weight_decay, training.augmentation) == (0, "none")
    bare = replace(model, batch_norm=False)
    decayed = replace(training, weight_decay=decay)
    how = "crop and mirror" if mirror else "crop"
    setups = [
        (NONE, bare, training),
        ("weight decay", bare, decayed),
        ("dropout", replace(bare, dropout=dropout), training),
        ("augmentation", bare, replace(training, augmentation=how)),
        (ALL, replace(model, dropout=dropout), replace(decayed, augmentation=how)),
    ]
    if norm:
        setups.append(("batch normalisation", model, training))
    return tuple(
        replace(main, model=m, training=t, variant=name, grid=grid, warm=(), first_seed_grid=())
        for name, m, t in setups
    )
