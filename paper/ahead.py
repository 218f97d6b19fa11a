"""What figures and tables need beside the records themselves: computed ahead, and kept.

A question is a function of a module and plain arguments; its answer is plain JSON data, and hangs on these
and the code alone. Within `computed_ahead`, questions are begun in other processes while this one reads and
draws, and answers are kept in the user's cache. Elsewhere a question is computed when it is asked, and
nothing is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from lossmatters.theory.cache import cache_folder, code_key, read_kept, write_kept
from lossmatters.theory.processes import Background

FOLDER = "answers"
MOST = 5000  # files that are kept, the newest: each set of records with curves of its own adds some


class Question(NamedTuple):
    """A function of a module, and arguments whose `repr` tells them apart."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    @property
    def text(self) -> str:
        """Return what tells questions apart."""
        return f"{self.function.__module__}.{self.function.__qualname__}{self.arguments!r}"


class Answers:
    """Answers that are there, or on their way."""

    def __init__(self, others: Background) -> None:
        self._others = others
        self._found: dict[str, Any] = {}
        self._begun: dict[str, Callable[[], Any]] = {}
        self._code = code_key([Path(__file__).parent])
        self._written = False

    def begin(self, questions: Iterable[Question]) -> None:
        """Begin to answer what is not known."""
        for question in questions:
            text = question.text
            if text in self._found or text in self._begun:
                continue
            kept = None
            with suppress(OSError):  # no home
                kept = read_kept(_file(text), self._key(text))
            if kept is None:
                self._begun[text] = self._others.begin(_compute, question)
            else:
                self._found[text] = kept["data"]

    def answer(self, question: Question) -> Any:
        """Return an answer, and wait for it where it is on its way."""
        self.begin([question])
        text = question.text
        if text not in self._found:
            self._found[text] = self._begun.pop(text)()
            with suppress(OSError):
                write_kept(_file(text), self._key(text), self._found[text])
                self._written = True
        return self._found[text]

    def tidy(self) -> None:
        """Remove the oldest files where there are too many."""
        if self._written:
            with suppress(OSError):
                files = sorted(_folder().glob("*.json"), key=lambda file: file.stat().st_mtime)
                for file in files[:-MOST]:
                    file.unlink(missing_ok=True)

    def _key(self, text: str) -> str:
        return f"{self._code} {text}"


def _compute(question: Question) -> Any:
    return question.function(*question.arguments)


def _folder() -> Path:
    return cache_folder() / FOLDER


def _file(text: str) -> Path:
    return _folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


_NOW: ContextVar[Answers | None] = ContextVar("answers", default=None)


@contextmanager
def computed_ahead(workers: int = 1) -> Iterator[Answers]:
    """Answer questions ahead for as long as the context lasts; within another, by that one.

    Parameters
    ----------
    workers : int
        Processes, this one among them; more than 1 only from a program that is guarded by
        ``if __name__ == "__main__"``.
    """
    now = _NOW.get()
    if now is not None:
        yield now
        return
    with Background(workers - 1) as others:
        answers = Answers(others)
        token = _NOW.set(answers)
        try:
            yield answers
        finally:
            _NOW.reset(token)
        answers.tidy()


def answer(question: Question) -> Any:
    """Return the answer to a question: within `computed_ahead`, one that is kept or on its way."""
    now = _NOW.get()
    return _compute(question) if now is None else now.answer(question)
