"""Keys of a `conflict.toml`: type, default, limits and meaning of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lossmodel.conflict.durations import CENTURY, FORTNIGHT, HALF_YEAR, QUARTER
from lossmodel.tables.toml import Key

__all__ = ["SECTIONS", "SMALLEST_SHARE", "Section"]

# Share of a scope: its logit must be finite, and no scope is smaller.
SMALLEST_SHARE: Final = 1e-6
# The numbers of states in the list of Gleditsch and Ward have three digits.
_LARGEST_GWNO: Final = 999


@dataclass(frozen=True)
class Section:
    """A table of `conflict.toml`.

    Attributes
    ----------
    heading
        The line that begins it, as Markdown; empty for the keys before the first table.
    meaning
        Its contents, in a sentence or two.
    keys
        Its keys.
    short
        The short form of an entry, as an example; empty if there is none.

    Examples
    --------
    >>> SECTIONS["knots"].key("rate_days").default
    '14'
    """

    heading: str
    meaning: str
    keys: tuple[Key, ...]
    short: str = ""

    def key(self, name: str) -> Key:
        """The key of that name.

        Raises
        ------
        KeyError
            There is none.
        """
        return {key.name: key for key in self.keys}[name]


_FROM: Final = ("start",)
_TO: Final = ("end",)

SECTIONS: Final[Mapping[str, Section]] = MappingProxyType(
    {
        "": Section(
            "",
            "The conflict itself. These keys stand before the first table.",
            (
                Key("title", "text", "Title, for reports.", default="the folder's name"),
                Key(
                    "start",
                    "day",
                    "First day of the conflict, from 1700 on. A running total begins here.",
                ),
                Key(
                    "end",
                    "day",
                    "Last day of the fighting. Later days have no losses, and figures published "
                    "after it are read as those of a war that is over.",
                    default="it goes on",
                ),
                Key(
                    "cluster",
                    "text",
                    "The war's name in the tables of data/history, whose rows the priors then "
                    "leave out.",
                    default="none",
                ),
                Key(
                    "ucdp_conflict_id",
                    "whole",
                    "Number of the conflict at the Uppsala Conflict Data Program.",
                    default="none",
                    least=1,
                ),
            ),
        ),
        "sides": Section(
            "`[sides.NAME]`",
            "Camps that parties and claimants belong to. Without this table, those that the "
            "parties name.",
            (
                Key("title", "text", "Title, for reports.", default="its name"),
                Key(
                    "fights",
                    "names",
                    "Sides that it fights, for all of its parties.",
                    default="none; of two sides without any `fights`, the other one",
                ),
            ),
            short='NAME = "Title" below [sides]',
        ),
        "parties": Section(
            "`[parties.NAME]`",
            "Whose losses are counted. At least one is needed. Civilians are a party of their own.",
            (
                Key("title", "text", "Title, for reports.", default="its name"),
                Key("side", "names", "Its side.", default="the side of its name, or none"),
                Key(
                    "fights",
                    "names",
                    "Sides or parties that it fights as a belligerent; true for all other sides, "
                    "false for none.",
                    default="those of its side",
                ),
                Key(
                    "sum",
                    "names",
                    "The parties that it is the sum of, for figures that count them together.",
                    default="no sum",
                ),
                Key(
                    "from",
                    "day",
                    "First day on which it can have losses.",
                    default="the conflict's",
                    aliases=_FROM,
                ),
                Key(
                    "to",
                    "day",
                    "Last day on which it can have losses.",
                    default="the conflict's",
                    aliases=_TO,
                ),
                Key("civilian", "flag", "Whether it is of civilians.", default="false"),
                Key(
                    "censored",
                    "flag",
                    "Whether its losses are secret, so that lists wait for burials and notices.",
                    default="false",
                ),
                Key(
                    "group",
                    "text",
                    "The only group of categories that it has losses of.",
                    default="both",
                    choices=("person", "equipment"),
                ),
                Key(
                    "iso3",
                    "text",
                    "Three letters of the state or territory in ISO 3166-1, such as ARG.",
                    default="none",
                    pattern="[A-Z]{3}",
                ),
                Key(
                    "gwno",
                    "whole",
                    "Number of the state in the list of Gleditsch and Ward, such as 160.",
                    default="none",
                    least=1,
                    most=_LARGEST_GWNO,
                ),
            ),
            short='NAME = "side" below [parties]',
        ),
        "categories": Section(
            "`[categories.NAME]`",
            "What is counted. The standard categories need no entry unless a title is wanted.",
            (
                Key("title", "text", "Title, for reports.", default="its name"),
                Key(
                    "base",
                    "text",
                    "true for a category that is no sum, or the standard category that it has "
                    "its group from.",
                    default="the standard category of its name",
                ),
                Key(
                    "group",
                    "text",
                    "Whether it counts people or things.",
                    default="that of the standard category, otherwise equipment",
                    choices=("person", "equipment"),
                ),
                Key("sum", "names", "Categories that it is the sum of.", default="no sum"),
            ),
            short='NAME = ["killed", "wounded"] below [categories]',
        ),
        "scopes": Section(
            "`[scopes.NAME]`",
            "Parts of a party's forces, and theatres. `all` is always there. Claims of a scope "
            "without a share are kept and left out of the fit.",
            (
                Key("title", "text", "Title, for reports.", default="its name"),
                Key("party", "names", "The only party that it is of.", default="any"),
                Key("of", "names", "The scope that it is a part of.", default="all"),
                Key("complement_of", "names", "The scope that it is the rest of.", default="none"),
                Key("from", "day", "First day of it.", default="the conflict's", aliases=_FROM),
                Key("to", "day", "Last day of it.", default="the conflict's", aliases=_TO),
                Key(
                    "share",
                    "table",
                    "Prior of its share of the losses of its parent: a fixed number, or the keys "
                    "below.",
                    default="not known",
                    least=SMALLEST_SHARE,
                    most=1,
                ),
                Key("report", "flag", "Whether reports give its totals.", default="false"),
            ),
            short='NAME = "Title" below [scopes]',
        ),
        "share": Section(
            "`share` of a scope",
            "Prior of the share of a scope in its parent.",
            (
                Key(
                    "form",
                    "text",
                    "fixed; constant over time with a prior; decaying exponentially.",
                    default="decaying with tau_days, constant with sd, otherwise fixed",
                    choices=("fixed", "constant", "decaying"),
                ),
                Key(
                    "mean",
                    "number",
                    "The share; of a decaying one, on the conflict's first day. Under 1 if it is "
                    "uncertain.",
                    least=SMALLEST_SHARE,
                    most=1,
                    aliases=("value",),
                ),
                Key(
                    "sd",
                    "number",
                    "Prior sd on the logit scale: 0.5 is 0.38 to 0.73 around 0.55.",
                    default="0",
                    least=0,
                    most=10,
                ),
                Key(
                    "tau_days",
                    "number",
                    "Days in which a decaying share falls by a factor of 2.7.",
                    default="no decay",
                    least=1,
                    most=CENTURY,
                ),
                Key("tau_sd", "number", "Prior sd of the log of tau_days.", "0", least=0, most=10),
            ),
        ),
        "knots": Section(
            "`[knots]`",
            "Days between the knots of the model's random walks. Between knots it interpolates, "
            "so shorter ones show more detail and cost more time. A war of ten weeks has "
            "rate_days = 7. A war of years with few figures has wider ones than declared.",
            (
                Key(
                    "rate_days",
                    "number",
                    "Losses per day.",
                    default=str(FORTNIGHT),
                    least=1,
                    most=CENTURY,
                    aliases=("rate",),
                ),
                Key(
                    "lethality_days",
                    "number",
                    "The share of the killed among killed and wounded.",
                    default=str(QUARTER),
                    least=1,
                    most=CENTURY,
                    aliases=("lethality",),
                ),
                Key(
                    "drift_days",
                    "number",
                    "The drift of biases, of coverage and of the missing.",
                    default=str(HALF_YEAR),
                    least=1,
                    most=CENTURY,
                    aliases=("drift",),
                ),
            ),
        ),
    }
)
