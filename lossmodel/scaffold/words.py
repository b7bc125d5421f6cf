"""Words for categories in tables of the world, beside those that the importers know.

A word is one entry of one table, in lower case and without accents on Latin letters.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from lossmodel.conflict.types import STANDARD_CATEGORIES
from lossmodel.importers.words import CATEGORIES, normal

__all__ = ["CIVILIANS", "REMARKS", "category_of", "is_of_civilians"]

_EQUIPMENT: Final = MappingProxyType(
    {
        "tanks": "tank|mbt|main battle tanks|panzer|kampfpanzer|танки|танков|carros de combate|"
        "tanques|chars|czolgi|carri armati",
        "armoured-vehicles": "armoured vehicle|armored vehicles|apc|apcs|ifv|ifvs|afv|afvs|acv|"
        "armored fighting vehicles|armoured fighting vehicles|бронетехніка|бронетехника|ббм|"
        "gepanzerte fahrzeuge|vehiculos blindados|blindes",
        "artillery": "artillery systems|guns|field artillery|howitzers|артилерія|артиллерия|"
        "geschutze|artillerie|artilleria|canones",
        "mlrs": "mlrs|mrl|rocket launchers|multiple rocket launchers|рсзв|рсзо|raketenwerfer",
        "air-defence": "air defence|air defense|anti aircraft|sam|sams|aa systems|ппо|пво|"
        "flugabwehr|defensa antiaerea|anti aircraft systems",
        "vehicles": "vehicle|trucks|cars|автомобілі|автотехніка|автомобили|fahrzeuge|vehiculos|"
        "vehicules|lorries|motor vehicles",
        "drones": "drone|uav|uavs|бпла|drohnen",
        "aircraft": "planes|plane|airplanes|aeroplanes|jets|fighters|warplanes|літаки|самолеты|"
        "flugzeuge|aviones|avions|aerei|samoloty|aviation",
        "helicopters": "helicopter|helos|гелікоптери|вертольоти|вертолеты|hubschrauber|"
        "helicopteros|helicopteres",
        "ships": "ship|vessels|boats|warships|naval ships|кораблі|корабли|schiffe|buques|barcos|"
        "navires",
        "submarines": "submarine|subs|u boats|підводні човни|подводные лодки|u boote|submarinos|"
        "sous marins",
    }
)
# Of people, where the importers know the usual words of headings only.
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
