"""Escaping of text from outside for TeX, BibTeX and Markdown.

The template engine escapes HTML, and Typst gets its text as data: neither needs a function here.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

__all__ = ["bibtex", "markdown", "one_line", "tex", "web_address"]

# Braces as commands: BibTeX counts braces, escaped ones too.
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
    r"""Replace line ends and control characters, also those that change the writing direction.

    Examples
    --------
    >>> one_line("a\nb\x00c")
    'a b c'
    """
    return _CONTROL.sub(" ", text)


def tex(text: str) -> str:
    r"""Escape text for a TeX document.

    Examples
    --------
    >>> print(tex(r"100% of \input{x} & $y$"))
    100\% of \textbackslash{}input\textbraceleft{}x\textbraceright{} \& \$y\$
    """
    # Split hyphens and quotes, which TeX would join into dashes and double quotes.
    return one_line(text).translate(_TEX_TABLE).replace("--", "-{}-").replace("''", "'{}'")


bibtex = tex


def markdown(text: str) -> str:
    r"""Escape text for a Markdown document, also inside a table.

    Examples
    --------
    >>> print(markdown("<b>*a*</b> | [x](y)"))
    &lt;b&gt;\*a\*&lt;/b&gt; \| \[x\]\(y\)
    """
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", plain)


def web_address(text: str) -> str:
    """Percent-encode every character that could end an http(s) address; "" for any other text.

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
