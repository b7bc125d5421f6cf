"""Words for categories in tables of the world, beside those that the importers know.

Here are those that `lossmodel new` tells the user how it read, and that alone in a heading would be
too little for an importer. A word is one entry of one table, in lower case and without accents on
Latin letters; one that may be people or equipment, as "fighters", is in none and is asked about.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from lossmodel.conflict.types import STANDARD_CATEGORIES
from lossmodel.importers.words import CATEGORIES, normal

__all__ = ["CIVILIANS", "REMARKS", "category_of", "is_of_civilians", "quoted", "split"]

_EQUIPMENT: Final = MappingProxyType(
    {
        "tanks": "mbt|main battle tanks|carros de combate",
        "armoured-vehicles": "armoured vehicle|ifvs|armored fighting vehicles|"
        "armoured fighting vehicles|бронетехніка|бронетехника|gepanzerte fahrzeuge|"
        "vehiculos blindados|blindes",
        "artillery": "geschutze|canones",
        "mlrs": "raketenwerfer",
        "air-defence": "sam|sams|aa systems|defensa antiaerea|anti aircraft systems",
        "vehicles": "vehicle|motor vehicles",
        "aircraft": "plane|aviation",
        "helicopters": "helos|вертольоти",
        "ships": "ship|barcos",
        "submarines": "subs|submarinos|sous marins",
    }
)
_PERSONS: Final = MappingProxyType(
    {
        "killed": "slain|perished|lives lost|died of wounds|fallen|body count|abatidos|caidos",
        "wounded": "hurt|hospitalised|hospitalized|wounded in action",
        "casualties": "dead and wounded|killed and injured|dead wounded",
        "losses": "total losses|personnel losses|out of action|hors de combat|put out of action",
        "missing": "unaccounted for|missing persons",
        "captured": "taken prisoner|surrendered|detained",
        "irrecoverable": "irrecoverable losses|irretrievable losses|безповоротні втрати|"
        "безвозвратные потери",
    }
)
# Beginnings of words for people who are not under arms.
CIVILIANS: Final = (
    *("civilian", "civil", "zivil", "non combatant", "noncombatant", "цивіл", "мирн", "граждан"),
    *("мирные", "inhabitants", "poblacion civil", "zivilist"),
)
# Headings of remarks.
REMARKS: Final = frozenset(
    (
        *("note", "notes", "remark", "remarks", "comment", "comments", "description", "details"),
        *("bemerkung", "anmerkung", "nota", "notas", "observaciones", "remarque", "remarques"),
        *("примітка", "примітки", "примечание", "примечания", "коментар"),
    )
)
# The commas of Latin, Arabic and Chinese script.
_COMMAS: Final = ",\u060c\u3001\uff0c\uff64\ufe50\ufe51"
# A name between commas; quotation marks stand around it only where they begin and end it.
_NAME: Final = re.compile(
    rf"""\s*(?:(?:"(?P<double>(?:[^"]|"")*)"|'(?P<single>[^']*)'|[“„](?P<curly>[^“”]*)[“”])"""
    rf"(?=\s*(?:[{_COMMAS}]|$))|(?P<bare>[^{_COMMAS}]+))"
)
_CATEGORY_OF: Final = MappingProxyType(
    {normal(name): name for name in STANDARD_CATEGORIES}
    | {normal(word): name for name, words in CATEGORIES.items() for word in words}
    | {
        normal(word): name
        for table in (_EQUIPMENT, _PERSONS)
        for name, words in table.items()
        for word in words.split("|")
    }
)


def category_of(word: str) -> str:
    """Standard category of a word of a table; empty if it is none of the usual words.

    Examples
    --------
    >>> category_of("KIA"), category_of("Dead"), category_of("Flugzeuge"), category_of("zeppelins")
    ('killed', 'killed', 'aircraft', '')
    """
    return _CATEGORY_OF.get(normal(word), "")


def is_of_civilians(name: str) -> bool:
    """Whether the name of a party says that its people are not under arms.

    Examples
    --------
    >>> is_of_civilians("Civilians of the North"), is_of_civilians("North")
    (True, False)
    """
    words = f" {normal(name)}"
    return any(f" {stem}" in words for stem in CIVILIANS)


def split(text: str) -> list[str]:
    """Names between commas of any script; one in quotation marks may have commas itself.

    Examples
    --------
    >>> split("North, South"), split('"Korea, North"、South')
    (['North', 'South'], ['Korea, North', 'South'])
    """
    names = (
        # Between marks of ASCII two of them stand for one.
        (found[kind] or "").replace('""', '"' if kind == "double" else '""').strip()
        for found in _NAME.finditer(text)
        if (kind := found.lastgroup)
    )
    return [name for name in names if name]


def quoted(name: str) -> str:
    """A name as `split` reads it: in quotation marks, where it would read another.

    Examples
    --------
    >>> quoted("North"), quoted("Korea, North")
    ('North', '"Korea, North"')
    """
    # A mark at its beginning might end at that of another name.
    plain = split(name) == [name.strip()] and name.lstrip()[0] not in "\"'“„"
    return name if plain else '"' + name.replace('"', '""') + '"'
