"""Models: declarations here and in `base` (no torch), stacks of networks in the other files."""

from empirics.models.base import MLP

__all__ = ["MLP"]
