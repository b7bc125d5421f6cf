"""Text of others as text, whatever it contains: for TeX, BibTeX and Markdown.

HTML is escaped by its template engine and Typst gets its text as data, so neither needs one.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

__all__ = ["bibtex", "markdown", "one_line", "tex", "web_address"]

# Braces as words: BibTeX counts braces and does not look whether a backslash is before them.
_TEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # \textquotedbl is unknown to TeX's first font encoding.
    '"': r"{\char34}",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "]": "{]}",
}
_TEX_TABLE: Final = str.maketrans(_TEX)
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$@:=^])")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def one_line(text: str) -> str:
    r"""Replace line ends and control characters, also those that turn the direction of writing.

    Examples
    --------
    >>> one_line("a\nb\x00c")
    'a b c'
    """
    return _CONTROL.sub(" ", text)


def tex(text: str) -> str:
    r"""Text for a TeX document.

    Examples
    --------
    >>> print(tex(r"100% of \input{x} & $y$"))
    100\% of \textbackslash{}input\textbraceleft{}x\textbraceright{} \& \$y\$
    """
    # Hyphens are parted so that TeX does not make dashes of them.
    return one_line(text).translate(_TEX_TABLE).replace("--", "-{}-").replace("''", "'{}'")


bibtex = tex


def markdown(text: str) -> str:
    r"""Text for a Markdown document, also within a table.

    Examples
    --------
    >>> print(markdown("<b>*a*</b> | [x](y)"))
    &lt;b&gt;\*a\*&lt;/b&gt; \| \[x\]\(y\)
    """
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", plain)


def web_address(text: str) -> str:
    """Give an http(s) address with every character that could end it percent-encoded, or "".

    Examples
    --------
    >>> web_address("https://example.org/a b?x=1&y=2%20")
    'https://example.org/a%20b?x=1&y=2%20'
    >>> web_address("javascript:alert(1)")
    ''
    """
    address = one_line(text).strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    return quote(address, safe="/:?#@!$&'*+,;=%~-._")
