"""Words beside a figure: how exact it is, its factor, and that people are counted."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["FACTOR", "PERSONS", "QUALIFIER_WORDS"]

FACTORS: Final = (
    (1e3, "thousand|thousands|k|tsd|tsd.|tausend|mil|mille|тис|тис.|тисяч|тисячі|тыс|тыс.|тысяч|"
          "千|אלף"),
    (1e4, "万|萬"),
    (1e6, "million|millions|m|mn|mln|mio|mio.|millionen|millones|млн|млн.|мільйона|мільйонів|"
          "мільйон|миллион|миллиона|миллионов|百万|מיליון"),
)  # fmt: skip
FACTOR: Final = {word: factor for factor, words in FACTORS for word in words.split("|")}
# Behind a figure, that it counts people; behind digits or a factor, so that no name is cut.
PERSONS: Final = re.compile(
    r"(?<=[\d千万萬余餘多])\s*(?:名?人|[名例]|여?명)(?=以上|以下|左右|上下|$)"
    r"|(?<=[\d.])\s*(?:people|persons|men|soldiers|чел\.?|человек|осіб|personen|personas|personnes|"
    r"איש|אנשים|חיילים)$"
)
# Qualifier of a figure -> words before it, and after it; the longest are tried first.
QUALIFIER_WORDS: Final = (
    (
        "at-least",
        ">=|>|≥|=>|⩾|over|more than|at least|min|min.|minimum|minimum of|no fewer than|"
        "no less than|not less than|not fewer than|above|exceeding|in excess of|upwards of|from|"
        "понад|більше|більше ніж|більше за|більш як|більш ніж|щонайменше|не менше|не менше ніж|"
        "не менш як|мінімум|від|як мінімум|"
        "более|более чем|больше|больше чем|свыше|не менее|не менее чем|минимум|как минимум|"
        "по меньшей мере|по крайней мере|от|"
        "über|mehr als|mindestens|wenigstens|más de|mas de|al menos|plus de|au moins|ponad|"
        "co najmniej|oltre|almeno|"
        "超过|超過|逾|至少|不少于|不低于|多于|לפחות|יותר מ|יותר מ-|מעל|למעלה מ|למעלה מ-",
        "+|or more|and more|or over|and over|and above|or above|at least|plus|minimum|або більше|"
        "і більше|чи більше|или более|или больше|и более|и больше|oder mehr|o más|o mas|ou plus|"
        "余|餘|多|以上|ומעלה|לפחות",
    ),
    (
        "at-most",
        "<=|<|≤|=<|⩽|up to|less than|fewer than|at most|max|max.|maximum|maximum of|under|below|"
        "no more than|not more than|not over|"
        "до|не більше|не більше ніж|не більш як|менше|менше ніж|менш як|щонайбільше|максимум|"
        "не более|не более чем|не больше|менее|менее чем|меньше|меньше чем|"
        "bis zu|höchstens|weniger als|unter|maximal|hasta|menos de|jusqu'à|jusqu à|moins de|"
        "au plus|do|najwyżej|fino a|meno di|最多|至多|不超过|不到|少于|לכל היותר|עד|פחות מ|פחות מ-",
        "or less|or fewer|or under|and less|and below|or below|at most|maximum|або менше|"
        "чи менше|или менее|или меньше|oder weniger|o menos|ou moins|以下|לכל היותר",
    ),
    (
        "about",
        "~|≈|∼|about|around|roughly|approximately|approx|approx.|ca|ca.|c.|c|circa|some|nearly|"
        "almost|estimated|est|est.|close to|an estimated|"
        "близько|приблизно|біля|майже|орієнтовно|десь|"
        "около|ок.|ок|примерно|приблизительно|порядка|почти|ориентировочно|"
        "etwa|rund|ungefähr|knapp|fast|unos|unas|alrededor de|aproximadamente|cerca de|environ|"
        "autour de|około|circa|约|約|大约|大約|近|将近|כ|כ-|בערך|קרוב ל",
        "approx|approx.|approximately|est|est.|estimated|(est)|(est.)|(approx)|(approx.)|~|"
        "приблизно|примерно|or so|ish|左右|上下|בערך",
    ),
    ("exact", "exactly|рівно|ровно|=", ""),
)
