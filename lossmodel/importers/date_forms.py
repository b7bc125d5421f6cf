"""Forms of days, months, weeks and years: one pattern of a table each."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from lossmodel.importers.names import digits, latin

__all__ = ["DAY", "EITHER", "FORMS", "RANK", "Window", "plain_date"]

DAY: Final = dt.timedelta(days=1)
# Beginnings of the names of months, which tell them apart: Latin letters after transliteration.
MONTHS: Final = MappingProxyType(
    {
        stem: month
        for month, stems in enumerate(
            (
                "jan|ene|janv|gen|sty|sich|ianv|oca|janeiro",
                "feb|fev|liut|fevr|lut|fevral|sub",
                "mar|maer|mrz|berez|mart|mars|maerz",
                "apr|abr|avr|kvit|aprel|kwi|nis",
                "may|mai|mag|trav|maia|maj|maia|mei",
                "jun|juin|giu|cherv|iiun|iun|cze|haz",
                "jul|juil|lug|lyp|iiul|iul|lip|tem",
                "aug|ago|aou|serp|avg|sie|agu",
                "sep|set|veres|sent|wrz|eyl",
                "oct|okt|ott|zhovt|paz|out|eki",
                "nov|lystop|noiab|lis|kas",
                "dec|dez|dic|grud|dek|gru|ara",
            ),
            start=1,
        )
        for stem in stems.split("|")
    }
)
ENGLISH: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def _in_english(*months: str) -> Mapping[str, str]:
    """Names of the twelve months, those of one between bars -> its English name."""
    named = zip(ENGLISH, months, strict=True)
    return MappingProxyType({name: month for month, names in named for name in names.split("|")})


# Names in Arabic, of the Levant and of Egypt, and in Persian: some are two words or two letters.
ARABIC: Final = _in_english(
    *("كانون الثاني|يناير|ژانویه", "شباط|فبراير|فوریه", "آذار|اذار|مارس"),
    *("نيسان|أبريل|ابريل|إبريل|آوریل", "أيار|ايار|مايو|مه", "حزيران|يونيو|يونيه|ژوئن"),
    *("تموز|يوليو|يوليه|ژوئیه", "آب|اب|أغسطس|اغسطس|اوت", "أيلول|ايلول|سبتمبر|سپتامبر"),
    *("تشرين الأول|تشرين الاول|أكتوبر|اكتوبر|اکتبر", "تشرين الثاني|نوفمبر|نوامبر"),
    "كانون الأول|كانون الاول|ديسمبر|دسامبر",
)
# Names in Hebrew, which may have "in" before them.
HEBREW: Final = _in_english(
    *("ינואר", "פברואר", "מרץ|מרס|מארס", "אפריל", "מאי", "יוני", "יולי", "אוגוסט"),
    *("ספטמבר", "אוקטובר", "נובמבר", "דצמבר"),
)
IN_HEBREW: Final = re.compile(rf"(?<!\w)(?:ב-?)?({'|'.join(HEBREW)})(?!\w)")
# Signs behind a year, a month and a day in Chinese and Japanese, and in Korean; a weekday behind.
SIGNED: Final = re.compile(
    r"(\d{4})\s*[年년]\s*(?:(\d{1,2})\s*[月월]\s*(?:(\d{1,2})\s*[日号號일])?)?"
    r"(?:\s*[(（][^()（）\d]{1,4}[)）])?"
)
NO_YEAR: Final = re.compile(r"(?<!\d)(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日号號일]")
IN_ARABIC: Final = re.compile(
    rf"(?<!\w)(?:{'|'.join(sorted(ARABIC, key=len, reverse=True))})(?!\w)"
)
SERIAL: Final = dt.date(1899, 12, 30)  # day 0 of Excel, after its leap day of 1900
# Serial numbers of 1927 to 2119.
SERIALS: Final = (10_000, 80_000)
# Years of two digits, as POSIX reads them: 1969 to 2068.
CENTURY: Final = 2000
OLDEST: Final = 69


class Window(NamedTuple):
    """First and last day that a cell means, and the form that it has."""

    start: dt.date
    end: dt.date
    form: str

    @property
    def days(self) -> int:
        """Its length."""
        return (self.end - self.start).days + 1


def plain_date(text: str) -> str:
    """A date with digits of ASCII, and English names for Arabic, Persian and Hebrew ones.

    Examples
    --------
    >>> plain_date("١٠ تشرين الأول ٢٠٠١"), plain_date("12 ביולי 2006"), plain_date("2006年7月12日")
    ('10 Oct 2001', '12 Jul 2006', '2006-7-12')
    """
    if text.isascii():
        return text
    text = IN_ARABIC.sub(lambda match: ARABIC[match[0]], digits(text))
    text = IN_HEBREW.sub(lambda match: HEBREW[match[1]], text)
    text = SIGNED.sub(lambda match: "-".join(filter(None, match.groups())), text)
    return NO_YEAR.sub(r"\2/\1", text)


def _day(year: str, month: str, day: str) -> tuple[dt.date, dt.date]:
    there = dt.date(_year(year), _month(month), int(day))
    return there, there


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else CENTURY + year - 100 * (year >= OLDEST)


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    word = latin(text).strip(".").replace("'", "")
    stems = [stem for stem in MONTHS if word.startswith(stem)]
    if not stems:
        raise ValueError("no month")
    return MONTHS[max(stems, key=len)]


def _whole_month(year: str, month: str) -> tuple[dt.date, dt.date]:
    first = dt.date(_year(year), _month(month), 1)
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _week(year: str, week: str) -> tuple[dt.date, dt.date]:
    first = dt.date.fromisocalendar(int(year), int(week), 1)
    return first, first + 6 * DAY


def _week_day(year: str, week: str, day: str) -> tuple[dt.date, dt.date]:
    there = dt.date.fromisocalendar(int(year), int(week), int(day))
    return there, there


def _quarter(year: str, quarter: str) -> tuple[dt.date, dt.date]:
    last = 3 * int(quarter)
    return _whole_month(year, str(last - 2))[0], _whole_month(year, str(last))[1]


def _whole_year(year: str) -> tuple[dt.date, dt.date]:
    return dt.date(int(year), 1, 1), dt.date(int(year), 12, 31)


def _serial(text: str) -> tuple[dt.date, dt.date]:
    number = int(float(text))
    if not SERIALS[0] <= number <= SERIALS[1]:
        raise ValueError("no serial number of a day")
    return SERIAL + number * DAY, SERIAL + number * DAY


WORD: Final = r"([^\W\d_]{3,}\.?)"
YEAR: Final = r"(\d{4})"
GAP: Final = r"[-/., ']*(?:de |of )?"
# Form -> pattern, order of its parts (y, m, d) and function. Those of both `day-first` and
# `month-first` are decided over the column.
Read = Callable[..., tuple[dt.date, dt.date]]
FORMS: Final[tuple[tuple[str, re.Pattern[str], str, Read], ...]] = tuple(
    (form, re.compile(pattern, re.IGNORECASE), order, read)
    for form, pattern, order, read in (
        ("year-month-day", r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\.?", "ymd", _day),
        ("day.month.year", r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})", "dmy", _day),
        ("day-first", r"(\d{1,2})[-/ ](\d{1,2})[-/ ](\d{4}|\d{2})", "dmy", _day),
        ("month-first", r"(\d{1,2})[-/ ](\d{1,2})[-/ ](\d{4}|\d{2})", "mdy", _day),
        ("yearmonthday", r"((?:1[789]|2[01])\d{2})(\d{2})(\d{2})", "ymd", _day),
        ("day with the name of its month",
         rf"(\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?{GAP}{WORD}{GAP}(\d{{4}}|\d{{2}})", "dmy", _day),
        ("day with the name of its month",
         rf"{WORD}[-/ ]*(\d{{1,2}})(?:st|nd|rd|th)?[-/, ]+{YEAR}", "mdy", _day),
        ("day with the name of its month", rf"{YEAR}[-/, ]+{WORD}[-/ ]+(\d{{1,2}})", "ymd", _day),
        ("month", r"(\d{4})[-/.](\d{1,2})", "ym", _whole_month),
        ("month", r"(\d{1,2})[-/.](\d{4})", "my", _whole_month),
        ("month", rf"{WORD}[-/ ,]*(?:de )?{YEAR}", "my", _whole_month),
        ("month", rf"{WORD}[- '’]+(\d{{2}})", "my", _whole_month),
        ("month", rf"{YEAR}[-/ ,]*{WORD}", "ym", _whole_month),
        ("ISO week", r"(\d{4})[- /]?(?:W|KW|wk|week)[- ]?(\d{1,2})", "yw", _week),
        ("ISO week", r"(?:W|KW|wk|week)[- ]?(\d{1,2})[-/, ]+(\d{4})", "wy", _week),
        ("day of an ISO week", r"(\d{4})-?W(\d{1,2})-?([1-7])", "ywd", _week_day),
        ("quarter", r"(\d{4})[- /]?Q([1-4])", "yq", _quarter),
        ("quarter", r"Q([1-4])[-/, ]+(\d{4})", "qy", _quarter),
        ("year", r"((?:1[789]|2[01])\d{2})", "y", _whole_year),
        ("serial number of a spreadsheet", r"(\d{5}(?:\.\d+)?)", "n", _serial),
    )
)  # fmt: skip
EITHER: Final = ("day-first", "month-first")
RANK: Final = "ymwdqn"
