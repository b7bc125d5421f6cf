"""Stages of long work, as lines of text that also say how far the work is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Stage", "portion"]


class Stage(str):
    """A stage that begins, in a few words: plain text to whoever prints it.

    Parameters
    ----------
    words
        The text.
    done
        Share of the work that is done by now, from 0 to 1; None where it is not known.
    detail
        Whether the line is worth its place only while nothing newer is there, as on a terminal.
    then, seconds
        Share that is done at the end of the stage, and how long it will probably take, where that
        is known beforehand.

    Examples
    --------
    >>> stage = Stage("drawing figures", 0.5)
    >>> print(stage, stage.done)
    drawing figures 0.5
    """

    done: float | None
    detail: bool
    then: float | None
    seconds: float

    def __new__(
        cls,
        words: str,
        done: float | None = None,
        *,
        detail: bool = False,
        then: float | None = None,
        seconds: float = 0.0,
    ) -> Stage:
        """Make the text, and give it its attributes."""
        stage = super().__new__(cls, words)
        stage.done, stage.detail, stage.then, stage.seconds = done, detail, then, seconds
        return stage

    @classmethod
    def of(cls, words: str) -> Stage:
        """A text as a stage of which no more is known, or the stage that it is."""
        return words if isinstance(words, cls) else cls(words)


def portion(report: Callable[[str], object], begin: float, end: float) -> Callable[[str], None]:
    """Report a part of the work, from one share of the whole to another.

    Examples
    --------
    >>> said = []
    >>> report = portion(said.append, 0.5, 0.7)
    >>> report(Stage("the first half of it", 0.5))
    >>> round(said[0].done, 2)
    0.6
    """

    def whole(share: float | None) -> float | None:
        return None if share is None else begin + share * (end - begin)

    def say(words: str) -> None:
        stage = Stage.of(words)
        done, then = whole(stage.done), whole(stage.then)
        report(Stage(stage, done, detail=stage.detail, then=then, seconds=stage.seconds))

    return say
