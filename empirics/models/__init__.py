"""Models: declarations here, in `base` and in `images` (no torch); networks in the other files."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from lossmatters.empirics.loading import is_reference
from lossmatters.empirics.models.base import MLP, Model, Stack
from lossmatters.empirics.models.factory import Factory
from lossmatters.empirics.models.images import CNN, InceptionLite, ResNet18, ResNet32

_ALL: tuple[Any, ...] = (MLP, CNN, ResNet18, ResNet32, InceptionLite)
MODELS: dict[str, Callable[[], Model]] = {model.name: model for model in _ALL}


def as_model(model: Any) -> Model:
    """Return the declaration that is meant: one as it is, a name of `MODELS`, or a factory of modules.

    Raises
    ------
    TypeError, ValueError
        Anything else.
    """
    if hasattr(model, "stack") and hasattr(model, "given") and not isinstance(model, type):
        return model
    if isinstance(model, str) and not is_reference(model):
        if model not in MODELS:
            near = difflib.get_close_matches(model, MODELS, n=3, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            known = f"one of {', '.join(MODELS)}, path/to/file.py:name or package.module:name"
            raise ValueError(f"model must be {known}, got model={model!r}{hint}")
        return MODELS[model]()
    return Factory(model)


__all__ = [
    "CNN",
    "MLP",
    "MODELS",
    "Factory",
    "InceptionLite",
    "Model",
    "ResNet18",
    "ResNet32",
    "Stack",
    "as_model",
]
