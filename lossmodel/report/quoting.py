"""Verification of a document that quotes a fit: a paper, a page, a manuscript.

Numbers that are tagged with a question, and macros of ``numbers.tex``, are compared with the fit.
Other numbers are listed, with those of the fit that they may be, and never judged.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lossmodel.errors import UsageError
from lossmodel.posterior.estimates import LIMITS
from lossmodel.query.evaluate import answer_query
from lossmodel.report.mentions import definitions_in, mentions
from lossmodel.report.output.latex import PARTS, definitions, facts, macros
from lossmodel.report.passages import numbers_in, shorten
from lossmodel.report.quoted import quoted
from lossmodel.report.results import Results
from lossmodel.report.verify import nudged
from lossmodel.text.macros import macro_name
from lossmodel.text.numbers import number, some
from lossmodel.text.said import PRECISION, agrees, dates_in, said_in
from lossmodel.text.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lossmodel.api import Fit
    from lossmodel.report.mentions import Definition, Mention
    from lossmodel.report.quoted import Quoted
    from lossmodel.text.said import Said

__all__ = ["Checked", "verify_document"]

# Numbers of a tagged text: one is the median, two are the limits.
COUNTED: Final = {1: LIMITS[:1], 2: LIMITS[1:], 3: LIMITS}
# Years are no losses; candidates beyond the first few would be no help.
YEARS: Final = (1800, 2100)
CANDIDATES: Final = 3
_YEAR: Final = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True)
class Checked:
    """What was found in a document.

    Attributes
    ----------
    problems
        A sentence for each tagged number or macro that differs from the fit.
    untagged
        A line for each number without a tag, with the numbers of the fit that it may be.
    agreeing
        How many tagged texts and macros agree.
    """

    problems: list[str]
    untagged: list[str]
    agreeing: int


def verify_document(path: str | Path, fit: Fit) -> Checked:
    """Compare the tagged numbers and the macros of a document with a fit.

    A number agrees if it is that of the fit with the digits that it has, and off by at most 5%. In
    a tagged text one number is the median, two are the limits, three are all of them; the words
    ``lower`` or ``upper`` at the end of a question ask for that limit. With its level
    ("80% CrI 90 to 120") an interval is compared at that level.

    Parameters
    ----------
    path
        A document in one of the formats of `report.mentions`.

    Raises
    ------
    UsageError
        The document cannot be read.

    Examples
    --------
    >>> page = folder / "page.md"
    >>> number = fitted.query("aircraft germany").table["median"].item()
    >>> said = f'<span data-lossmodel="aircraft germany">{2 * number:,.0f}</span> aircraft'
    >>> _ = page.write_text(said, encoding="utf-8")
    >>> len(verify_document(page, fitted).problems)
    1
    """
    return _checked(Path(path), Results(fit))


def _checked(path: Path, results: Results) -> Checked:
    checker = _Checker(results, definitions_in(path) if path.suffix.lower() == ".tex" else [])
    problems, untagged, agreeing = [], [], 0
    for mention in mentions(path):
        if mention.question or mention.key:
            found = list(checker.problems(mention))
            problems += [f"{mention.place}: {problem}" for problem in found]
            agreeing += not found
        else:
            untagged += [f"{mention.place}: {line}" for line in checker.candidates(mention)]
    return Checked(problems, untagged, agreeing)


class _Checker:
    """The numbers of a fit, against which mentions are held."""

    def __init__(self, results: Results, defined: Sequence[Definition]) -> None:
        self.results = results
        self.defined = {definition.name: definition for definition in defined}

    @cached_property
    def quoted(self) -> dict[str, Quoted]:
        return quoted(self.results)

    @cached_property
    def texts(self) -> dict[str, tuple[str, ...]]:
        """Texts of each number by its key, and of each macro without a key by its name."""
        return _texts(self.results)

    @cached_property
    def near(self) -> list[dict[str, tuple[str, ...]]]:
        """The same for numbers as they are rounded in a saved fit or in memory."""
        return [_texts(nudged(self.results, factor)) for factor in (1 - PRECISION, 1 + PRECISION)]

    def problems(self, mention: Mention) -> Iterator[str]:
        """What is wrong with a tagged text or a macro."""
        if mention.question:
            yield from self._tagged(mention)
        elif mention.key in self.texts:
            yield from self._defined(mention.key)
        else:
            guess = did_you_mean(mention.key, list(self.texts))
            yield f"{mention.text} is no number of this fit.{guess}"

    def _defined(self, name: str) -> Iterator[str]:
        """Texts that a file of macros has for a name, where their numbers are others."""
        if name not in self.defined:
            return
        definition, own = self.defined[name], self.texts[name]
        for i, (text, should) in enumerate(zip(definition.texts, own, strict=False)):
            allowed = itertools.chain([should], (texts[name][i] for texts in self.near))
            if not any(numbers_in(text) == numbers_in(one) for one in allowed):
                part = f"the {PARTS[i]} of {name}" if len(own) > 1 else f"\\{name}"
                yield f"{part} is {text} in {definition.place} and should be {should}."

    def _tagged(self, mention: Mention) -> Iterator[str]:
        question, _, last = mention.question.rpartition(" ")
        asked = (last,) if last in LIMITS and question else ()
        question = question if asked else mention.question
        if question in self.quoted:  # the key of a macro
            question = self.quoted[question].question
        said, level = _without_level(said_in(mention.text), self.results.fit.ci_prob)
        try:
            row = self._known(question, level) or self._answer(question, level)
        except UsageError as error:
            yield f"{mention.question!r} is no question of this fit: {str(error).splitlines()[0]}"
            return
        if row["median"] is None or isinstance(row["median"], str):
            yield from _wrong_dates(dates_in(mention.text), row, question, asked)
            return
        names = asked or COUNTED.get(len(said), ())
        if not said or len(names) != len(said):
            yield (
                f"{shorten(mention.text)!r} should have one number, two or three: median, limits "
                f"or both; it is tagged with {question!r}."
            )
            return
        for one, name in zip(said, names, strict=True):
            # Ratios of macros have coarser windows than those of queries: both are right.
            if not _near(one, row[name], row) and not self._answered(one, name, question, level):
                should = number(row[name], row["lower"], row["upper"])
                yield f"{one.text} should be {should} ({question}, {name})."

    @cached_property
    def by_question(self) -> dict[str, dict[str, float]]:
        """Median and limits of the numbers that may be quoted, by their question."""
        return {one.question.lower(): one.row for one in self.quoted.values()}

    def _known(self, question: str, level: float) -> Mapping[Any, Any] | None:
        usual = level == self.results.fit.ci_prob
        return self.by_question.get(" ".join(question.split()).lower()) if usual else None

    def _answer(self, question: str, level: float) -> Mapping[Any, Any]:
        [row] = answer_query(self.results.fit, question, ci_prob=level).to_dict("records")
        return row

    def _answered(self, said: Said, name: str, question: str, level: float) -> bool:
        """Whether a number is the answer of `query`."""
        row = self._answer(question, level)
        return _near(said, row[name], row)

    def candidates(self, mention: Mention) -> Iterator[str]:
        """Numbers of a passage, each with those of the fit that it may be."""
        for said in said_in(mention.text):
            if _YEAR.fullmatch(said.text) and YEARS[0] <= said.value <= YEARS[1]:
                continue
            names = [
                f"{one.question}, {name}"
                for one in self.quoted.values()
                for name, value in one.row.items()
                # A single digit agrees with too much.
                if _near(said, value, one.row) and (said.digits > 1 or said.value > 10)
            ]
            said_of = f": {some(names, CANDIDATES, between='; ')}" if names else ""
            yield f"{said.text}{said_of}"


def _near(said: Said, value: float, row: Mapping[Any, Any]) -> bool:
    return agrees(said, value, row["lower"], row["upper"])


def _without_level(said: list[Said], usual: float) -> tuple[list[Said], float]:
    """The numbers of a tagged text without the level of its interval, and that level."""
    percents = [one for one in said if one.percent]
    if len(said) not in (2, 3, 4) or not percents:
        return said, usual
    own = next((one for one in percents if one.value == usual), None)
    if own is None and (len(percents) == len(said) or not 0 < percents[0].value < 1):
        return said, usual
    level = own or percents[0]
    return [one for one in said if one is not level], level.value


def _wrong_dates(
    said: list[str], row: Mapping[str, Any], question: str, asked: tuple[str, ...]
) -> Iterator[str]:
    names = asked or COUNTED.get(len(said), ())
    if not said or len(names) != len(said):
        yield f"the answer to {question!r} is a date: give one day, two or three."
        return
    for day, name in zip(said, names, strict=True):
        if day != row[name]:
            yield f"{day} should be {row[name] or 'a day after the last'} ({question}, {name})."


def _texts(results: Results) -> dict[str, tuple[str, ...]]:
    numbers = {key: tuple(texts[p] for p in PARTS) for key, texts in definitions(results).items()}
    named = {macro_name(name): text for name, text in facts(results.fit).items()}
    return numbers | {name: (text,) for name, text in (named | macros(results)).items()}
