"""Escaping of text from outside for TeX, BibTeX, Markdown, TOML, file names and terminals.

The template engine escapes HTML, and Typst gets its text as data: neither needs a function here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlsplit

__all__ = [
    "bibtex",
    "file_name",
    "markdown",
    "one_line",
    "printable",
    "shell",
    "tex",
    "toml",
    "web_address",
]

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
# Any letters and digits, and the signs of names that are safe everywhere.
_UNSAFE_IN_FILES: Final = re.compile(r"[^\w.+-]|\.\.+|\.$")
# Names of devices on Windows, whatever follows a dot in them.
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
# Bytes; file systems allow 255, and a temporary name may be a little longer.
LONGEST_FILE_NAME: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

# Those but line feeds and tabs, and zero-width spaces and halves of characters.
_TERMINAL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff]"
)


def shell(text: str) -> str:
    """One word of a POSIX shell, in quotes also where it needs none.

    Examples
    --------
    >>> print(shell("North=SIDE"), shell("Soldiers' Mothers=SIDE"))
    'North=SIDE' 'Soldiers'"'"' Mothers=SIDE'
    """
    return "'" + text.replace("'", "'\"'\"'") + "'"


def one_line(text: str) -> str:
    r"""Replace line ends and control characters, also those that change the writing direction.

    Examples
    --------
    >>> one_line("a\nb\x00c")
    'a b c'
    """
    return _CONTROL.sub(" ", text)


def printable(text: str) -> str:
    r"""Spell out what a terminal would obey: escape sequences, controls, marks of direction.

    Line ends and tabs stay. In JSON, the result is read back as the same text.

    Examples
    --------
    >>> printable("\x1b[31mred\u202e\n") == r"\u001b[31mred\u202e" + "\n"
    True
    """
    return _TERMINAL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


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


def toml(value: str | float | Sequence[str]) -> str:
    r"""Write a text, a number or a list of texts as a value of TOML.

    Examples
    --------
    >>> print(toml('a "b"\x7f'), toml(0.5), toml(["a"]))
    "a \"b\"\u007f" 0.5 ["a"]
    """
    # The escapes of JSON are those of a basic string in TOML, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def file_name(*parts: str) -> str:
    """Name of a file from the names of what it shows, the same on every system.

    Letters that a path, an address or a shell would take for its own become hyphens; a name that
    is changed so, or is too long for a file system, gets eight digits of its hash.

    Examples
    --------
    >>> file_name("losses", "north-korea", "killed"), file_name("losses", "dpr/lpr")
    ('losses-north-korea-killed', 'losses-dpr-lpr-df4878ea')
    """
    name = "-".join(parts)
    plain = _UNSAFE_IN_FILES.sub("-", name)
    if _DEVICE.fullmatch(plain):
        plain = f"_{plain}"
    while len(plain.encode()) > LONGEST_FILE_NAME:
        plain = plain[:-1]
    if plain == name:
        return name
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


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
