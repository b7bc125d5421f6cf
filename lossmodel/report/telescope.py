"""Which new claims changed the totals: refits with one group of claims after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import pandas as pd

from lossmodel.api import Fit, fit
from lossmodel.arguments import check_choice
from lossmodel.posterior.estimates import total_to
from lossmodel.report.compare import CLAIM_COLUMNS
from lossmodel.report.results import as_published
from lossmodel.report.wording import headline_keys
from lossmodel.system.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lossmodel.claims.claims import Claims

__all__ = ["COLUMNS", "OTHERS", "SETTINGS", "GroupedBy", "telescope"]

GroupedBy = Literal["claimant", "month"]

# Names of steps that add no claims.
SETTINGS: Final = "settings"
OTHERS: Final = "changed or gone"
COLUMNS: Final = (
    *("step", "added", "published_first", "published_last", "n_claims"),
    *("party", "category", "scope", "end", "median_before", "median_now", "change", "passed"),
)
# What decides a fit beside its claims. The day of publication does so through the claims.
DECIDES: Final = ("conflict", "options", "parts", "priors", "versions")
OF_CLAIMS: Final = "as_of"


def telescope(
    earlier: Fit,
    later: Fit,
    *,
    by: GroupedBy = "claimant",
    progress: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Divide the change of each headline total among the claims that came in between.

    The claims that only the later fit has are added to those of the earlier one in groups, in order
    of first publication, and the model is fitted again after each. A group's part is the change of
    the median from the fit before it to the fit with it. So the parts of a total add up to the
    difference of the two fits, whatever the order; a group's part depends on the groups before it,
    and has the Monte Carlo error of two medians.

    Parameters
    ----------
    earlier, later
        Two fits of one conflict.
    by
        Groups of new claims: of one claimant, or published in one calendar month.

    Returns
    -------
    DataFrame
        A row per step and headline total: `step` from 1, `added`, a claimant, a month (YYYY-MM),
        ``settings`` for priors, options and versions that differ (first), or ``changed or gone``
        for other claims that differ (last); first and last day of publication and number of claims
        of the group; the total up to `end`, the last day that both fits cover, or as far as the
        refit goes; its median before and with the group in persons or items, their difference, and
        whether the fit with the group passed its gate.

    Examples
    --------
    >>> from lossmodel import fit
    >>> before = fit("battle-of-britain", engine="laplace", draws=100, as_of="1940-10-05")
    >>> steps = telescope(before, fitted, by="month")
    >>> [name for name in steps["added"].unique()][:2]
    ['1940-10', '1940-11']
    """
    by = check_choice(by, "groups", get_args(GroupedBy))
    keys = [key for key in headline_keys(later) if key in set(earlier.series)]
    day = min(earlier.days[-1], later.days[-1])
    steps = list(_steps(earlier, later, by)) if keys else []
    rows: list[dict[str, Any]] = []
    last, before = earlier, [_median(earlier, key, day) for key in keys]
    for number, (added, claims, new) in enumerate(steps, 1):
        progress(Stage(f"refitting: {added}", (number - 1) / len(steps)))
        # The last step ends at the later fit itself.
        last = later if number == len(steps) else _refit(later, claims, keys, last)
        now = [_median(last, key, day) for key in keys]
        about = {
            "step": number,
            "added": added,
            "published_first": new["published"].min(),
            "published_last": new["published"].max(),
            "n_claims": len(new),
            "end": day,
            "passed": bool(last.diagnostics["gate"]["passed"]),
        }
        for (party, category, scope), a, b in zip(keys, before, now, strict=True):
            names = {"party": party, "category": category, "scope": scope}
            rows.append(about | names | {"median_before": a, "median_now": b, "change": b - a})
        before = now
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _steps(earlier: Fit, later: Fit, by: GroupedBy) -> Iterator[tuple[str, Claims, pd.DataFrame]]:
    """Name of each step, the claims that it ends with, and those that it adds."""
    old, new = as_published(earlier), as_published(later)
    added = new[~new["claim_id"].isin(old["claim_id"])]
    table = old
    if any(_decided(earlier, name) != _decided(later, name) for name in DECIDES):
        yield SETTINGS, _claims(earlier, later, table), added.head(0)
    names = added["claimant"] if by == "claimant" else added["published"].dt.strftime("%Y-%m")
    groups = added.groupby(names.to_numpy())
    for name, group in sorted(groups, key=lambda found: (found[1]["published"].min(), found[0])):
        table = pd.concat([table, group], ignore_index=True)
        yield str(name), _claims(earlier, later, table), group
    if not _same(table, new):
        yield OTHERS, later.claims, added.head(0)


def _decided(fitted: Fit, name: str) -> Any:
    found = fitted.provenance.get(name)
    return {k: v for k, v in found.items() if k != OF_CLAIMS} if isinstance(found, dict) else found


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    columns = ["claim_id", *CLAIM_COLUMNS]
    a, b = (t[columns].astype(str).sort_values("claim_id", ignore_index=True) for t in (one, other))
    return bool(a.equals(b))


def _claims(earlier: Fit, later: Fit, table: pd.DataFrame) -> Claims:
    blank = earlier.claims.known_blank | later.claims.known_blank
    return replace(later.claims, table=table.reset_index(drop=True), known_blank=blank)


def _refit(later: Fit, claims: Claims, keys: list[tuple[str, str, str]], start: Fit) -> Fit:
    """The submodels of some totals, fitted to other claims with the settings of a fit."""
    options = later.provenance["options"]
    return fit(
        claims, priors=later.priors, components=later.components, engine=options["engine"],
        seed=later.seed, ci_prob=later.ci_prob, as_of=later.evidence.as_of, until=options["until"],
        trust=later.evidence.trust, draws=options["draws"], patience=options["patience"],
        submodels=tuple(dict.fromkeys(later.submodel_of(*key[:2]).design.name for key in keys)),
        start=start,
    )  # fmt: skip


def _median(fitted: Fit, key: tuple[str, str, str], day: pd.Timestamp) -> float:
    return float(total_to(fitted, key, min(day, fitted.days[-1]))["median"])
