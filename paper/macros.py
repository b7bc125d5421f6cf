"""Numbers in the text of the paper, as LaTeX macros."""

from collections.abc import Iterator

import pandas as pd

import lossmodel as lm
from lossmodel import __version__
from lossmodel.evaluation.backtest import Backtest
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.fit import Fit
from lossmodel.query import answer_query
from lossmodel.text.escape import tex
from lossmodel.text.levels import ASSUMED
from lossmodel.text.numbers import number, percent
from paper.refits import COMMON_SDS, Refits
from paper.sources import BATTLE, cited

# A round number of deaths, of which the text gives the dates.
PASSED = 100_000
MARK = "From a fit that did not pass its gate: not to be cited"


def numbers_in_text(fit: Fit, again: Refits) -> dict[str, str]:
    """Macro name (letters only) -> text."""
    found = dict(_provenance(fit)) | dict(_evidence(fit)) | {"RefitEngine": again.engine}
    for party in ("russia", "ukraine"):
        for category in ("killed", "casualties"):
            found |= _total(fit, party, category)
    found |= interval(fit, "killed russia citizens", "KilledRussiaCitizens")
    found |= interval(fit, "killed russia / killed ukraine", "KilledRatio")
    found |= interval(fit, "casualties russia / casualties ukraine", "CasualtiesRatio")
    found |= _dates(fit) | dict(_other_common_sds(again))
    found |= dict(_scores(again.past, "Past")) | dict(_scores(again.battle, "Battle"))
    found["PastSources"] = cited(fit.conflict)
    found["BattleSources"] = cited(lm.load_conflict(BATTLE))
    return found | dict(_published(again.published)) | dict(_baselines(again.past))


def interval(fit: Fit, question: str, name: str) -> dict[str, str]:
    """A median and its interval, as printed by `lossmodel query`."""
    row = answer_query(fit, question).iloc[0]
    median, lower, upper = (number(row[k], row["lower"], row["upper"]) for k in _LIMITS)
    return {name: median, f"{name}Interval": f"{lower} to {upper}"}


_LIMITS = ("median", "lower", "upper")


def _provenance(fit: Fit) -> Iterator[tuple[str, str]]:
    yield "Version", tex(__version__)
    yield "Engine", tex(fit.engine)
    yield "Seed", str(fit.seed)
    yield "Mark", "" if fit.diagnostics["gate"]["passed"] else MARK
    yield "Level", percent(fit.ci_prob).replace("%", r"\%")
    yield "FirstDay", _day(fit.days[0])
    yield "LastDay", _day(fit.days[-1])
    yield "YearAgo", _day(fit.days[-1] - pd.DateOffset(years=1))
    yield "FitHash", fit_hash(fit)[:12]
    yield "ClaimsHash", str(fit.provenance["claims_sha256"])[:12]
    yield "Draws", f"{fit.diagnostics['n_draws']:,}"
    parameters = fit.submodels["person"].design.parameters
    yield "Unknowns", f"{parameters.size:,}"
    yield "Scales", str(len(parameters.hyper))
    yield "Pieces", f"{len(fit.submodels['person'].design.terms):,}"
    for name in ("rate", "lethality", "drift"):
        yield f"{name.title()}Days", str(getattr(fit.conflict.knots, f"{name}_days"))
    yield "CommonSd", f"{fit.priors['common.sd'].median:.2f}"
    for number_of, sd in zip(("Low", "High"), COMMON_SDS, strict=True):
        yield f"CommonSd{number_of}", f"{sd:.2f}"


def _evidence(fit: Fit) -> Iterator[tuple[str, str]]:
    table, classes = fit.claims.table, fit.evidence.classes["class"]
    yield "Claims", f"{len(table):,}"
    yield "Claimants", str(table["claimant"].nunique())
    yield "Sources", f"{table['source'].nunique():,}"
    for name, word in (("Used", "used"), ("Merged", "merged"), ("LeftOut", "left out")):
        yield f"Claims{name}", f"{int((classes == word).sum()):,}"
    streams = fit.streams
    yield "Streams", str(len(streams))
    known = streams[streams["accounting"].isin(["list", "register"])]
    yield "Anchors", str(len(known))
    about = table["party"].map(lambda party: fit.conflict.components(party)[0])
    for party in ("russia", "ukraine"):
        yield f"About{party.title()}", percent(float((about == party).mean())).replace("%", r"\%")


def _total(fit: Fit, party: str, category: str) -> dict[str, str]:
    name = category.title() + party.title()
    shares = fit.variance_decomposition
    row = shares[shares["quantity"] == f"{category} {party} all"].iloc[0]
    assumed = bool(row["prior_share"] > ASSUMED)
    ago = fit.days[-1] - pd.DateOffset(years=1)
    return {
        **interval(fit, f"{category} {party}", name),
        **interval(fit, f"{category} {party} cumulative {ago.date()}", f"{name}YearAgo"),
        f"{name}PriorShare": percent(row["prior_share"]).replace("%", r"\%"),
        f"{name}Basis": "set by assumptions" if assumed else "fixed by claims in the main",
    }


def _dates(fit: Fit) -> dict[str, str]:
    found = {"Passed": f"{PASSED:,}"}
    for party in ("russia", "ukraine"):
        row = answer_query(fit, f"when killed {party} passes {PASSED}").iloc[0]
        early, middle, late = (_day(row[k]) for k in ("lower", "median", "upper"))
        name = f"Passed{party.title()}"
        found |= {name: middle, f"{name}Interval": f"{early} to {late}"}
    return found


def _other_common_sds(again: Refits) -> Iterator[tuple[str, str]]:
    for row in again.other_common_sds.to_dict("records"):
        category, party = str(row["quantity"]).split()
        size = "Low" if row["common_sd"] == min(COMMON_SDS) else "High"
        limits = row["lower"], row["upper"]
        lower, upper = (number(limit, *limits) for limit in limits)
        yield f"{category.title()}{party.title()}Common{size}", f"{lower} to {upper}"


def _scores(found: Backtest, name: str) -> Iterator[tuple[str, str]]:
    windows, days = found.windows, found.days
    yield f"{name}Windows", str(len(windows))
    yield f"{name}Covered", str(int(windows["covered_95"].sum()))
    yield f"{name}CoveredHalf", str(int(windows["covered_50"].sum()))
    yield f"{name}Crps", f"{windows['crps'].mean():.2f}"
    yield f"{name}Error", f"{windows['error'].abs().mean():.2f}"
    yield f"{name}Verdict", "passes" if found.passed else "does not pass"
    yield f"{name}Days", str(len(days))
    if len(days):
        yield f"{name}DaysCovered", str(int(days["covered_95"].sum()))
    naive = found.naive[found.naive["start"] != found.naive["end"]]
    errors = naive.groupby("rule")["error"].apply(lambda e: e.abs().mean())
    yield f"{name}BestRule", tex(str(errors.idxmin()))
    yield f"{name}BestRuleError", f"{errors.min():.2f}"


def _published(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Overlap of this model's intervals with the ranges that others had published by the date."""
    ranged = table[table["low"].notna() & table["high"].notna()]
    overlap = (ranged["low"] <= ranged["upper"]) & (ranged["lower"] <= ranged["high"])
    yield "Published", str(len(table))
    yield "PublishedRanges", str(len(ranged))
    yield "PublishedOverlap", str(int(overlap.sum()))
    widths = [(ranged[b] / ranged[a]).median() for a, b in (("lower", "upper"), ("low", "high"))]
    yield "WidthOurs", f"{widths[0]:.2f}"
    yield "WidthTheirs", f"{widths[1]:.2f}"


def _baselines(past: Backtest) -> Iterator[tuple[str, str]]:
    ranged = (
        past.baselines[past.baselines["covers"].notna()] if len(past.baselines) else past.baselines
    )
    yield "Rivals", str(len(past.baselines))
    yield "RivalRanges", str(len(ranged))
    covered = int(ranged["covers"].sum()) if len(ranged) else 0
    yield "RivalsCovered", str(covered)


def _day(day: object) -> str:
    """A date in words; None is a date after the last day of the fit."""
    if day is None:
        return "a day after the last"
    date = pd.Timestamp(str(day))
    return f"{date.day}~{date:%B~%Y}"
