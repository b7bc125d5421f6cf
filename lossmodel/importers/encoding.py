"""Text of a foreign file: its encoding is known, or it is asked for."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from lossmodel.errors import UsageError

__all__ = ["decode"]

MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Encodings of old programs that a reader is shown side by side, Western Europe first.
OFFERED: Final = ("cp1252", "cp1251", "koi8-u", "cp1250", "cp1256")
# Three accented Latin letters in a row, without one of a to z, are in no language; they are what
# Cyrillic, Greek or Arabic looks like in a Western encoding.
MIXED: Final = re.compile("[\u00c0-\u00ff]{3,}|[\u00c3\u00d0\u00d1][\u0080-\u00bf\u2018-\u2122]")
# Signs inside a word, as of a Polish or Ukrainian word in a Western encoding.
SIGNS: Final = re.compile("[^\\W\\d_][\u00a1-\u00bf\u00d7\u00f7][^\\W\\d_]")
WORD: Final = re.compile(r"[^\W\d_]+")
SHOWN: Final = 3  # words that are shown in each encoding


def decode(data: bytes, path: Path, encoding: str = "") -> tuple[str, tuple[str, ...]]:
    """Text of a file and notes on its encoding.

    Parameters
    ----------
    data
        Contents of the file.
    path
        For messages.
    encoding
        As the user gave it; found out if empty.

    Raises
    ------
    UsageError
        It is no text, or of several encodings none can be told from the others.

    Examples
    --------
    >>> decode("café".encode("cp1252"), Path("x.csv"))
    ('café', ('the file is cp1252, not UTF-8',))
    """
    if encoding:
        return _plain(_given(data, path, encoding), path), ()
    marked = next((name for mark, name in MARKS if data.startswith(mark)), "")
    if marked:
        note = "begins with a byte-order mark" if marked == "utf-8-sig" else "is utf-16, not UTF-8"
        return _plain(_given(data, path, marked), path), (f"the file {note}",)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _western(data, path, error.start)
    _plain(text, path)
    if _is_mixed(text):
        raise UsageError(
            f"{path} is UTF-8, but was read in another encoding before it was saved: it has words "
            f"such as {_words(text)}. Export it again as UTF-8; if the words are right, give "
            "--encoding utf-8."
        )
    return text, ()


def _given(data: bytes, path: Path, encoding: str) -> str:
    try:
        return data.decode(codecs.lookup(encoding).name)
    except (LookupError, AttributeError):
        raise UsageError(
            f"There is no encoding {encoding!r}; there are utf-8, utf-16, {', '.join(OFFERED)}."
        ) from None
    except (UnicodeDecodeError, UnicodeError) as error:
        raise UsageError(
            f"{path} is not text in {encoding}: {error}. Export the table as CSV, UTF-8."
        ) from None


def _western(data: bytes, path: Path, at: int) -> tuple[str, tuple[str, ...]]:
    """Text in the encoding of Western Europe, if its letters are of a language there."""
    try:
        text = _plain(data.decode("cp1252"), path)
    except UnicodeDecodeError:
        text = ""
    if text and not _is_mixed(text) and not SIGNS.search(text):
        return text, ("the file is cp1252, not UTF-8",)
    shown = []
    for name in OFFERED:
        try:
            shown.append(f"{name} {_words(data.decode(name))}")
        except UnicodeDecodeError:
            continue
    if b"\0" in data or not shown:
        raise UsageError(f"{path} is not text. Export the table as CSV, UTF-8.")
    raise UsageError(
        f"{path} is not UTF-8 (byte {at:,}), and its encoding cannot be told: as "
        f"{'; as '.join(shown)}. Give the right one with --encoding."
    )


def _is_mixed(text: str) -> bool:
    return bool(MIXED.search(text))


def _words(text: str) -> str:
    words = [word for word in WORD.findall(text) if not word.isascii()]
    return ", ".join(map(repr, dict.fromkeys(word[:20] for word in words[:SHOWN])))


def _plain(text: str, path: Path) -> str:
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise UsageError(
            f"{path} row {line} has a NUL character: it is not text, or it is UTF-16 without its "
            "mark (--encoding utf-16-le)."
        )
    return text
