"""lossmatters: does the loss function decide whether a network memorises wrong labels?

The front door. Each public name is loaded when first used, from where `__init__.pyi` says::

    from lossmatters import RLL, certify, decide, get
    decide(RLL())                  # is the sum over labels constant, for every K?
    certify(get("gce"), 10)        # everything known about one loss

On the command line: ``lossmatters --help``.
"""

from __future__ import annotations

from pathlib import Path

import lazy_loader

__version__ = "0.1.0"

# In a checkout the packages are links to the folders beside this one. Where links are not to be had (a
# checkout on Windows) the folders themselves are looked in; installed, they are ordinary folders in here.
if not (Path(__file__).parent / "theory" / "__init__.py").is_file():
    __path__.append(str(Path(__file__).resolve().parent.parent))

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
