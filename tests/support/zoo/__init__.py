"""Losses that are legal and lure a decision procedure into a false verdict, with the truth in 60 digits."""

from zoo.classes import CLASSES
from zoo.combinators import COMBINATORS
from zoo.formulas import FORMULAS
from zoo.fresh import FRESH
from zoo.separable import SEPARABLE

ZOO = [*SEPARABLE, *FORMULAS, *CLASSES, *FRESH, *COMBINATORS]
