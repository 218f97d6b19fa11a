"""What a line of a file of records must be: checked once, at reading. Records are foreign input.

Types are strict and nested, numbers are in their range, and a name has no character that a path, a page or a
formula could take for something else. Fields that are not listed are kept as they are: later versions may add
some.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

# Letters, digits and a few signs: no slash, no quote, no markup, not "..", no control characters.
NAME = r"^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9 _.()+,=%-]{0,199}\Z"
PLACE = r"^[A-Za-z0-9_./~(][A-Za-z0-9 _./~()+,=%:-]{0,499}\Z"  # of a network from a user's file
LOSS = r"^[^\x00-\x1f\x7f]{1,2000}\Z"
FRACTION = r"^[0-9]{1,40}(/[0-9]{1,40})?\Z"

Name = Annotated[str, Meta(pattern=NAME)]
Loss = Annotated[str, Meta(pattern=LOSS)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Shares = Annotated[list[Share], Meta(min_length=1)]
SharesOrNone = Annotated[list[Share | None], Meta(min_length=1)]


class Dataset(Struct):
    """The data: a name, and what tells two versions of it apart."""

    name: Name
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{16,64}\Z")] | None = None
    train_size: Count | None = None
    test_size: Count | None = None
    num_classes: Annotated[int, Meta(ge=2, le=10**6)] | None = None


class Model(Struct):
    """The network: a name, its shape in fields of its own, and how many parameters it has."""

    name: Annotated[str, Meta(pattern=PLACE)]
    parameters: Count | None = None


class Training(Struct):
    """How it was trained; a schedule's and an optimiser's own fields are kept beside these."""

    epochs: Annotated[int, Meta(ge=1, le=10**7)]
    variant: Name | None = None
    start: Loss | None = None
    batch_size: Annotated[int, Meta(ge=1)] | None = None


class Noise(Struct):
    """How labels were altered: the nominal rate is exact text, None where nobody knows it."""

    kind: Name
    rate: Annotated[str, Meta(pattern=FRACTION)] | None
    draw: Name | None = None
    realised_rate: Share | None = None


class Curves(Struct):
    """One value an epoch. A loss that was not finite stays as it was; shares are in [0, 1]."""

    train_loss: Annotated[list[float], Meta(min_length=1)]
    noisy_train_accuracy: Shares
    clean_train_accuracy: SharesOrNone
    memorization_rate: SharesOrNone
    recovery_rate: SharesOrNone
    test_accuracy: SharesOrNone
    min_class_recall: SharesOrNone


class Risks(Struct):
    """Mean losses of the final network; not finite where a loss is not."""

    own_labels: float
    fresh_labels: float
    clean_labels: float


class Classes(Struct):
    """After the last epoch, a value for each clean class; None where there is nothing to count."""

    noisy_train_accuracy: SharesOrNone
    clean_train_accuracy: SharesOrNone
    memorization_rate: SharesOrNone
    recovery_rate: SharesOrNone
    flip_epoch: Annotated[list[Count | None], Meta(min_length=1)]


class Line(Struct):
    """A whole record as it stands in a file."""

    run_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    experiment: Name
    dataset: Dataset
    model: Model
    training: Training
    loss: Loss
    noise: Noise
    seed: Count
    curves: Curves
    provenance: dict[str, Any]
    schema: int
    risks: Risks | None = None
    classes: Classes | None = None
    formula: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")] | None = None
    diverged: Annotated[int, Meta(ge=1, le=10**7)] | None = None
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")] | None = None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a line, for programs in other languages; docs/record.schema.json is it."""
    text = json.dumps(msgspec.json.schema(Line))
    found: dict[str, Any] = json.loads(text.replace(r"\\Z", "$"))  # \Z is Python's alone
    return found


def problem(data: dict[str, Any]) -> str | None:
    """Return what is wrong with the JSON of a record, in one line; None where nothing is."""
    try:
        msgspec.convert(data, Line)
    except msgspec.ValidationError as error:
        return str(error).replace("`$.", "`").replace("\n", " ")
    except OverflowError:  # of an integer that is no float, in some versions
        return "a number must be at most 1.8e308"
    return None
