"""Keys of names in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from types import MappingProxyType
from typing import Final

__all__ = ["digits", "free_name", "keys_of", "latin", "slug"]

# Cyrillic as Ukraine and Russia write it in passports, letters of both languages in one table.
CYRILLIC: Final = MappingProxyType(
    dict(
        zip(
            "абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюяў",
            (
                *("a", "b", "v", "g", "g", "d", "e", "ie", "e", "zh", "z", "i", "i", "i", "i", "k"),
                *("l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh"),
                *("shch", "", "y", "", "e", "iu", "ia", "u"),
            ),
            strict=True,
        )
    )
)
GREEK: Final = MappingProxyType(
    dict(
        zip(
            "αβγδεζηθικλμνξοπρσςτυφχψω",
            (
                *("a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p"),
                *("r", "s", "s", "t", "y", "f", "ch", "ps", "o"),
            ),
            strict=True,
        )
    )
)
OTHER: Final = MappingProxyType({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
LETTERS: Final = MappingProxyType({**CYRILLIC, **GREEK, **OTHER})
UNNAMED: Final = "unnamed"


def digits(text: str) -> str:
    """Digits of any script as those of ASCII.

    Examples
    --------
    >>> digits("٣ مايو ۲۰۰۱")
    '3 مايو 2001'
    """
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text
    )


def latin(text: str) -> str:
    """Text in lower-case Latin letters where they are known, without accents.

    Examples
    --------
    >>> latin("Генеральний штаб"), latin("Défense")
    ('generalnii shtab', 'defense')
    """
    plain = "".join(LETTERS.get(letter, letter) for letter in text.lower())
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))


def slug(text: str) -> str:
    """Lower-case key of a name.

    Examples
    --------
    >>> slug("U.S. officials (via NYT)"), slug("Медіазона")
    ('u-s-officials-via-nyt', 'mediazona')
    """
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in latin(text))
    return "-".join(part for part in letters.split("-") if part) or UNNAMED


def keys_of(
    names: Iterable[str], taken: Collection[str] = (), *, what: str = "claimant"
) -> dict[str, str]:
    """Key of each name, all different; a name in letters without a Latin form has a number.

    Parameters
    ----------
    names
        In any order, which does not matter.
    taken
        Keys that others have.
    what
        Word before the number.

    Examples
    --------
    >>> keys_of(["国防部", "Генеральний штаб"])
    {'Генеральний штаб': 'generalnii-shtab', '国防部': 'claimant-1'}
    """
    found: dict[str, str] = {}
    used = set(taken)
    for name in sorted(set(names)):
        key = slug(name)
        lost = sum(c.isalpha() and not c.isascii() for c in latin(name))
        if key == UNNAMED or 2 * lost > sum(c.isalpha() for c in name):
            key = free_name(what, used, numbered=True)
        else:
            key = free_name(key, used)
        used.add(key)
        found[name] = key
    return found


def free_name(stem: str, used: Collection[str], *, numbered: bool = False) -> str:
    """The stem, with the first number from 2 on where the name is used.

    Parameters
    ----------
    stem
        The name to begin with.
    used
        Names that others have.
    numbered
        Whether the first name has a number, too.

    Examples
    --------
    >>> free_name("daily", {"daily", "daily-2"}), free_name("claimant", (), numbered=True)
    ('daily-3', 'claimant-1')
    """
    name, number = f"{stem}-1" if numbered else stem, 1
    while name in used:
        number += 1
        name = f"{stem}-{number}"
    return name
