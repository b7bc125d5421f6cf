"""Whether the model works: past wars, frozen dates and simulated wars, from kept results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lossmodel.evaluation import war_tables
from lossmodel.evaluation.kept import OF_BACKTEST, SCORED, kept_table
from lossmodel.evaluation.scores import ZERO_AS
from lossmodel.evaluation.wars import ALL_CLAIMS, LAST_DAY
from lossmodel.report.blocks import Block, Section, Table, Text
from lossmodel.report.sections.simulated import simulated_blocks
from lossmodel.report.wording import estimate_text, interval
from lossmodel.text.months import date
from lossmodel.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["validation_section"]

RULES: Final = {
    "own_latest": "Own side's latest",
    "adversary_halved": "Adversary halved",
    "log_mean": "Log mean",
    "median_of_all": "Median of all",
}
PAIR_RULES: Final = {"face_value": "Face value", "adversary_halved": "Adversary halved"}
SCORES: Final = {
    **{"covered_50": "In 50%", "covered_80": "In 80%", "covered_95": "In 95%"},
    **{"ratio": "Upper / lower", "pit": "Mean PIT", "log_score": "Log score"},
    **{"interval_score_95": "Interval score", "crps": "CRPS"},
}
# Columns of kept backtests that are no rule of thumb.
NO_RULES: Final = {"war", "party_title", *OF_BACKTEST, *SCORED, "computed"}
# Growth of a CRPS that is named: twice the largest range over three seeds of three wars.
NOTED: Final = 0.02
TITLE: Final = "Does it work"


def validation_section(
    wars: pd.DataFrame | None = None,
    pairs: pd.DataFrame | None = None,
    backtests: pd.DataFrame | None = None,
) -> Section:
    """Scores of past wars, of pairs, of frozen dates and of simulated wars, with the failures.

    Parameters
    ----------
    wars, pairs, backtests
        Scores as of `evaluation.wars` and `evaluation.pairs`, and rows of `kept.backtest_rows`; by
        default those that are kept. What is not kept is left out.
    """
    wars = war_tables.read_kept("wars") if wars is None else wars
    pairs = war_tables.read_kept("pairs") if pairs is None else pairs
    backtests = kept_table("backtests") if backtests is None else backtests
    blocks: list[Block] = []
    if wars is not None:
        blocks += [Text(_summary(wars), lead="In short:", tone="answer"), *_past(wars)]
    if pairs is not None and len(pairs):
        blocks.append(_pairs(pairs))
    if wars is not None:
        blocks += _dates(wars)
    if backtests is not None:
        blocks += _frozen(backtests)
    return Section("validation", TITLE, [*blocks, *simulated_blocks()])


def _past(wars: pd.DataFrame) -> list[Block]:
    return [
        Text("Past wars", tone="heading"),
        Text(_introduction(wars)),
        _wars(wars),
        *_failures(wars),
    ]


def _summary(wars: pd.DataFrame) -> str:
    """Coverage, and the comparison with rules of thumb."""
    mean = war_tables.by_war(wars).iloc[-1]
    held = ", ".join(
        f"{percent(mean[f'covered_{level}'])} lie in their {level}% interval"
        for level in (95, 80, 50)
    )
    count = war_tables.windows(wars, ALL_CLAIMS)["war"].nunique()
    words = (
        f"Of {mean['truths']:,} totals of {count} past wars and disasters that became known later, "
        f"{held}, all with equal weights. A share below the level means that intervals were too "
        "narrow. "
    )
    rules = war_tables.by_rule(wars)
    rules = rules[rules["stage"] == ALL_CLAIMS]
    better = ", ".join(
        f"{RULES[row['rule']].lower()} in {row['better']} of {row['wars']} wars "
        f"({_number(row['crps'])} against {_number(row['rule_error'])})"
        for row in rules.to_dict("records")
    )
    if better:
        words += (
            f"The CRPS of the model is below the error of a rule of thumb: {better}. Each rule is "
            "compared on the truths for which it has an answer, so that the CRPS beside it may "
            f"differ from that of all truths in the table below ({_number(mean['crps'])}). "
        )
    worse = rules[rules["abs_error"] > rules["rule_error"]].to_dict("records")
    if worse:
        named = ", ".join(
            f"{RULES[row['rule']].lower()} ({_number(row['rule_error'])})" for row in worse
        )
        words += (
            "The median alone, without its interval, has a larger absolute log error "
            f"({', '.join(_number(row['abs_error']) for row in worse)}) than {named}."
        )
    return words.strip()


def _dates(wars: pd.DataFrame) -> list[Block]:
    """Scores of the claims that were public by each stage of the wars."""
    table = war_tables.by_date(wars)
    rows = [
        [
            str(row["stage"]).capitalize(),
            f"{row['wars']:,}",
            f"{row['truths']:,}",
            *_cells(row, SCORES),
            *(_number(row[rule]) for rule in RULES),
        ]
        for row in table.to_dict("records")
    ]
    if len(rows) < 2:
        return []
    columns = ["Claims up to", "Wars", "Truths", *SCORES.values(), *RULES.values()]
    return [
        Text("Past wars in real time", tone="heading"),
        Table(
            "past-stages",
            columns,
            rows,
            caption=(
                "Past wars from the claims that were public at a stage: quarters of the fighting, "
                "its last day, quarters of the time until the last claim. Each row has the truths "
                "that are due by then; rows have different wars."
            ),
            numeric=frozenset(range(1, len(columns))),
        ),
    ]


def _frozen(backtests: pd.DataFrame) -> list[Block]:
    """Fits of the claims published by some dates, beside what became known later."""
    table = backtests[backtests["as_of"].notna()]
    if table.empty:
        return []
    rules = [name for name in table.columns if name not in NO_RULES and table[name].notna().any()]
    records: list[dict[Any, Any]] = table.to_dict("records")
    lines = {
        "War": [str(row["war"]) for row in records],
        "Days": [f"{row['start']} to {row['end']}" for row in records],
        "Claims up to": [str(row["as_of"]) for row in records],
        "Estimate then": [f"{estimate_text(row)} ({interval(row)})" for row in records],
        "Known later": [f"{row['truth']:,.0f}" for row in records],
        "Held by its intervals of": [
            ", ".join(f"{k}%" for k in (50, 80, 95) if row[f"covered_{k}"]) or "none"
            for row in records
        ],
        "CRPS of the model": [_number(row["crps"]) for row in records],
        **{f"Error of {rule}": [_number(abs(row[rule])) for row in records] for rule in rules},
    }
    computed = date(pd.Timestamp(max(table["computed"])))
    return [
        Text("Frozen dates", tone="heading"),
        Text(
            f"Claims that were public by a date were fitted by themselves, on {computed} with the "
            "model and the table of claims of that day. Errors are absolute log errors of rules of "
            f"thumb from the same claims. {len(records)} totals are no test by themselves."
        ),
        Table(
            "frozen",
            ["Case", *(_series(row) + _scope(row) for row in records)],
            [[name, *cells] for name, cells in lines.items()],
            caption="Estimates from the claims of frozen dates, and what became known later.",
            numeric=frozenset(range(1, 1 + len(records))),
        ),
    ]


def _introduction(wars: pd.DataFrame) -> str:
    count = wars["war"].nunique()
    noun = "war or disaster, whose losses became known later, was" if count == 1 else (
        "wars and disasters, whose losses became known later, were"
    )  # fmt: skip
    return (
        f"{count} past {noun} fitted by the same model, each without its own cluster in any prior "
        "that is estimated from history. The table scores the estimates from all claims; a number "
        "is a mean over the truths of a war, the ratio of the interval's limits a median. CRPS, "
        "log score and interval score (of the 95% interval) are on the log scale, where 0.1 is "
        "about 10%: smaller is better, larger for the log score. Rules of thumb on the same claims "
        "stand beside the CRPS: their absolute "
        f"log error is their CRPS. A truth of zero counts as {ZERO_AS:g}, and truths that were "
        "public by the last claim are left out."
    )


def _wars(wars: pd.DataFrame) -> Table:
    table = war_tables.by_war(wars)
    rows = [
        [
            str(row["title"]),
            f"{row['truths']:,}",
            *_cells(row, SCORES),
            *(_number(row[rule]) for rule in RULES),
        ]
        for row in table.to_dict("records")
    ]
    columns = ["Past war", "Truths", *SCORES.values(), *RULES.values()]
    return Table(
        "past-wars",
        columns,
        rows,
        caption="Past wars: coverage, scores of the model, and errors of rules of thumb.",
        numeric=frozenset(range(1, len(columns))),
    )


def _pairs(pairs: pd.DataFrame) -> Table:
    table = war_tables.pair_summary(pairs)
    rows = [
        [
            f"{row['role']}, {row['class']}",
            f"{row['wars']:,}",
            f"{row['claimants']:,}",
            *_cells(row, SCORES),
            *(_number(row[rule]) for rule in PAIR_RULES),
        ]
        for row in table.to_dict("records")
    ]
    columns = ["Claims of", "Wars", "Claimants", *SCORES.values(), *PAIR_RULES.values()]
    return Table(
        "past-pairs",
        columns,
        rows,
        caption=(
            "Pairs of a claim and a later truth from other wars: the truth predicted from the "
            "claim and the other wars' biases alone."
        ),
        numeric=frozenset(range(1, len(columns))),
    )


def _cells(row: Mapping[Any, Any], names: Mapping[str, str]) -> list[str]:
    shares = [percent(row[name]) for name in names if name.startswith("covered")]
    return shares + [_number(row[name]) for name in names if not name.startswith("covered")]


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}" if abs(value) >= 3 else (
        f"{value:.2f}"
    )  # fmt: skip


def _failures(wars: pd.DataFrame) -> list[Block]:
    """Truths outside their intervals, truths that later claims moved away from, and no answers."""
    found: list[Block] = []
    missed = war_tables.missed(wars)
    scored = war_tables.windows(wars, ALL_CLAIMS)
    words = f"{len(missed)} of {len(scored)} truths. "
    words += " ".join(_missed(row) for row in missed.to_dict("records"))
    found.append(Text(words.strip(), lead="Outside the 95% interval:"))
    changes = war_tables.late_changes(wars)
    if len(changes) > 1:
        whole, wars_alone = changes.iloc[-1], changes.iloc[:-1]
        grew = wars_alone["crps_all"] > wars_alone["crps_last_day"] + NOTED
        titles = wars.drop_duplicates("war").set_index("war")["title"]
        named = "; ".join(titles[name] for name in wars_alone.loc[grew, "war"]) or "none"
        found.append(
            Text(
                f"Between the {LAST_DAY} of fighting and all claims the mean absolute log error of "
                f"the same {whole['truths']:.0f} truths, wars with equal weights, went from "
                f"{whole['abs_error_last_day']:.2f} to {whole['abs_error_all']:.2f} and the CRPS "
                f"from {whole['crps_last_day']:.2f} to {whole['crps_all']:.2f}; "
                f"{percent(whole['worse'])} of the estimates moved away from the truth. "
                f"Wars whose CRPS grew by more than {NOTED:g}: {named}.",
                lead="Later claims:",
            )
        )
    last = wars[wars["stage"] == ALL_CLAIMS]
    silent = last[last["median"].isna()]
    if len(silent):
        names = "; ".join(f"{row['title']}: {_series(row)}" for row in silent.to_dict("records"))
        found.append(Text(f"{names}.", lead="Truths without an estimate:"))
    return found


def _missed(row: dict[Any, Any]) -> str:
    start, end = (date(pd.Timestamp(row[name])) for name in ("start", "end"))
    truth = f"{row['truth']:,.0f}"
    return (
        f"{row['title']}: {_series(row)}, {start} to {end}: {estimate_text(row)} "
        f"[{interval(row)}], later known {truth}."
    )


def _series(row: Mapping[Any, Any]) -> str:
    return f"{row['party_title'] or row['party']}, {row['category']}"


def _scope(row: Mapping[Any, Any]) -> str:
    return "" if row["scope"] == "all" else f" ({row['scope']})"
