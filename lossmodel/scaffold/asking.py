"""Questions to a person, or a list of the options that would answer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from lossmodel.errors import UsageError

__all__ = ["Asker", "Person"]

Answer = TypeVar("Answer")


class Person(Protocol):
    """Somebody who answers questions."""

    def __call__(self, question: str, default: str) -> str:
        """The answer to a question; empty for the default."""

    def tell(self, text: str) -> None:
        """Say something that is no question."""


class Asker:
    """Takes an answer from an option, else from a person; notes the option if there is neither.

    Parameters
    ----------
    person
        Who answers; None if nobody is there.

    Examples
    --------
    >>> asker = Asker(None)
    >>> asker.ask("", "First day of the war", str, option="--start DAY")
    ''
    >>> asker.missing
    [('--start DAY', 'First day of the war')]
    """

    def __init__(self, person: Person | None) -> None:
        self.person = person
        self.missing: list[tuple[str, str]] = []

    def tell(self, text: str) -> None:
        """Say something to the person, if one is there."""
        if self.person is not None:
            self.person.tell(text)

    def ask(
        self,
        given: str,
        question: str,
        read: Callable[[str], Answer],
        *,
        option: str = "",
        default: str = "",
        needed: bool = True,
    ) -> Answer:
        """One answer.

        Parameters
        ----------
        given
            The option's text; empty if it is not given.
        question
            In a few words.
        read
            Turns the text into the answer; raises `UsageError` for one that it cannot be.
        option
            The option that would answer it, for the list of missing ones.
        default
            The proposal, which is taken from nobody's silence only if it is not `needed`.
        needed
            Whether an option or a person must say it.
        """
        if given:
            return read(given)
        if self.person is None:
            if needed:
                self.missing.append((option, question))
            return read(default)
        while True:
            try:
                return read(self.person(question, default).strip() or default)
            except UsageError as error:
                self.person.tell(f"  {error}")

    def raise_if_missing(self) -> None:
        """End with one error that names every option that is missing.

        Raises
        ------
        UsageError
            An option is missing.
        """
        if not self.missing:
            return
        lines = [f"  {option}\n      {question}" for option, question in self.missing]
        count = "1 option is" if len(lines) == 1 else f"{len(lines)} options are"
        together = " ".join(option for option, _ in self.missing)
        head = f"There is no terminal to ask at, and {count} missing:"
        raise UsageError("\n".join([head, *lines, f"Together: {together}"]))
