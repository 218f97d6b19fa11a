"""Models: declarations here, in `base` and in `images` (no torch); networks in the other files."""

from __future__ import annotations

from lossmatters.empirics.models.base import MLP, Model, Stack
from lossmatters.empirics.models.images import CNN, InceptionLite, ResNet18, ResNet32

_ALL: tuple[type[Model], ...] = (MLP, CNN, ResNet18, ResNet32, InceptionLite)
MODELS: dict[str, type[Model]] = {model.name: model for model in _ALL}

__all__ = ["CNN", "MLP", "MODELS", "InceptionLite", "Model", "ResNet18", "ResNet32", "Stack"]
