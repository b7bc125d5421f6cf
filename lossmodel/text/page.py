"""Reading of an HTML page that others may have made, in a time that grows with its length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from html.parser import HTMLParser

__all__ = ["read_page"]

# A tag or comment that never ends is read to the end of the page, again at each later sign <. A
# text may have a few such signs.
MOST_UNENDED: Final = 100


def read_page(reader: HTMLParser, text: str) -> None:
    """Give a reader a whole page.

    Raises
    ------
    UsageError
        A tag or comment does not end, with more such signs after it than a text has.

    Examples
    --------
    >>> from html.parser import HTMLParser
    >>> try:
    ...     read_page(HTMLParser(), "<p>Text</p>" + "<!--" * 1000)
    ... except UsageError as error:
    ...     print(error)
    line 1: a tag or comment begins here and does not end; write &lt; for the sign <.
    """
    try:
        reader.feed(text)
        if reader.rawdata.count("<") <= MOST_UNENDED:
            reader.close()
            return
    except AssertionError:  # of a declaration of no kind that the parser knows
        pass
    raise UsageError(
        f"line {reader.getpos()[0]}: a tag or comment begins here and does not end; write &lt; for "
        "the sign <."
    )
