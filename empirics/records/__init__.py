"""Records: one training run as plain data, one JSON object a line. No torch here.

A file of records is only ever appended to. What is trained together is appended in one write, so an
interrupted sweep leaves all of it or nothing.
"""

from lossmatters.empirics.records.files import append, read, record_files
from lossmatters.empirics.records.frame import to_frame
from lossmatters.empirics.records.record import (
    CURVES,
    RISKS,
    SCHEMA,
    Record,
    RecordError,
    converged,
    digest_of,
    run_id,
    select,
)

read_records = read  # its name at the front door, where "read" alone would not say what

__all__ = [
    "CURVES",
    "RISKS",
    "SCHEMA",
    "Record",
    "RecordError",
    "append",
    "converged",
    "digest_of",
    "read",
    "read_records",
    "record_files",
    "run_id",
    "select",
    "to_frame",
]
