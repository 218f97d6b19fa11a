"""Print the lowest versions that pyproject.toml allows, a requirement a line; torch, a large one, is left."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
for requirement in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
    name, _, version = requirement.partition(">=")
    if version and name != "torch":
        print(f"{name}=={version}")
