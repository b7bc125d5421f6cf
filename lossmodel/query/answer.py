"""An answer: a text that carries its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Answer"]


class Answer(str):
    """The text of an answer, with the numbers behind it.

    It is a ``str`` in every respect; a notebook shows it as it is printed.

    Attributes
    ----------
    table
        One row, with the columns of ``estimates.csv`` and those of the kind of question.
    draws
        The answer in each draw of the posterior, shape (draws,): a number, or, of a question
        ``when``, a day, which is NaT where the number is never passed.

    Examples
    --------
    >>> import numpy as np
    >>> found = fitted.query("aircraft germany 1940-08")
    >>> found.startswith("aircraft germany, 1940-08-01 to 1940-08-31: ")
    True
    >>> float(np.median(found.draws)) == found.table["median"].item()
    True
    """

    table: pd.DataFrame
    draws: NDArray[Any]

    def __new__(cls, text: str, table: pd.DataFrame, draws: NDArray[Any]) -> Answer:
        """A text with its table and its draws."""
        answer = super().__new__(cls, text)
        answer.table, answer.draws = table, draws
        return answer

    def __getnewargs__(self) -> tuple[str, pd.DataFrame, NDArray[Any]]:  # type: ignore[override]
        return str(self), self.table, self.draws

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Without quotes and escaped line ends, which IPython would show."""
        printer.text(str(self))
