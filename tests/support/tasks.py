"""Work for a pool or a cluster, from a module that other processes can import."""

from __future__ import annotations

import os
import time
from pathlib import Path


def double(task, report):
    report("half way")
    return 2 * task


def fail(task, report):
    raise KeyError(task)


def end(task, report):
    os._exit(7)


def sleep(task, report):
    report(os.getpid())
    time.sleep(600)


def wait(task, report):
    """Until the file is there; leaves another one behind when it was stopped."""
    file = Path(task)
    try:
        while not file.exists():
            report(os.getpid())
            time.sleep(0.02)
    except BaseException as error:
        file.with_suffix(".stopped").write_text(type(error).__name__)
        raise
    return task
