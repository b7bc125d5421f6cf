"""Keys of names in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from types import MappingProxyType
from typing import Final

__all__ = ["keys_of", "latin", "slug"]

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
            key, stem = f"{what}-1", what
        else:
            stem = key
        number = 1
        while key in used:
            number += 1
            key = f"{stem}-{number}"
        used.add(key)
        found[name] = key
    return found
