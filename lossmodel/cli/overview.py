"""The commands in the order of use, and examples of each, for help."""

from __future__ import annotations

from typing import Final

from lossmodel.text.grammar import EXAMPLES as QUESTIONS

__all__ = ["EXAMPLES", "FIRST_STEPS", "SECTIONS"]

# Commands that are not here come last.
SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "Claims": ("new", "schema", "data", "check"),
    "Estimates": (
        "fit",
        "update",
        "explain",
        "report",
        "query",
        "compare",
        "verify",
        "export",
        "cite",
    ),
    "Tests of the model": ("simulate", "calibrate", "backtest", "sensitivity", "seal", "score"),
    "Installation": ("doctor",),
}

FIRST_STEPS: Final = (
    ("lossmodel fit", "the shipped war, into lossmodel-report/"),
    ("lossmodel query killed russia 2023", "one number of it"),
    ("lossmodel fit --conflict kargil1999", "another shipped war"),
    ("lossmodel check mine.csv", "claims of your own about it"),
    ("lossmodel new mywar --from figures.csv", "a conflict of your own, from a table"),
    ("lossmodel --install-completion", "names after a tab: bash, zsh, fish, ..."),
)


def _in_shell(question: str) -> str:
    """A question as a shell takes it: parentheses need quotes."""
    return f"'{question}'" if "(" in question else question


# By the words after `lossmodel`.
EXAMPLES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "new": (("lossmodel new mywar --from figures.csv", "asks what the table does not say"),),
    "data fetch": (
        ("lossmodel data fetch oryx", "into the cache"),
        ("lossmodel data fetch radford --cache there", "into another folder"),
    ),
    "data import": (
        ("lossmodel data import economist --out economist.csv", "a public data set"),
        (
            "lossmodel data import mine.csv --party russia --category killed --out new.csv",
            "a table of your own",
        ),
    ),
    "check": (
        ("lossmodel check", "the shipped war"),
        ("lossmodel check mine.csv", "claims about its parties"),
        ("lossmodel check --conflict mywar --strict", "status 1 if there is a warning"),
        ("cat mine.csv | lossmodel check -", "from a pipe"),
    ),
    "fit": (
        ("lossmodel fit", "the shipped war, into lossmodel-report/"),
        ("lossmodel fit --conflict mywar --out mine", "a conflict of your own"),
        ("lossmodel fit mine.csv", "other claims about the shipped war"),
        ("lossmodel fit --as-of 2024-02-24", "what was published by a day"),
        ("lossmodel fit --engine nuts --ci 0.9", "the exact engine, 90% intervals"),
    ),
    "update": (
        (
            "lossmodel update",
            "the shipped war with what was published since, into lossmodel-update/",
        ),
        ("lossmodel update --source sets --by month", "from copies of the sets in a folder"),
    ),
    "explain": (
        ("lossmodel explain", "lossmodel-report/, ten refits"),
        ("lossmodel explain --fit mine", "another fit"),
    ),
    "report": (
        ("lossmodel report", "of lossmodel-report/fit.nc, in its place"),
        ("lossmodel report --fit fit.nc --out again", "of another fit"),
    ),
    "query": (
        *((f"lossmodel query {_in_shell(text)}", words) for text, words in QUESTIONS),
        ("lossmodel query --format latex killed russia", "to paste into a paper"),
    ),
    "compare": (
        ("lossmodel compare lossmodel-report mine", "two report folders"),
        ("lossmodel compare before now --by month", "what the new claims of each month changed"),
    ),
    "verify": (
        ("lossmodel verify", "lossmodel-report/"),
        ("lossmodel verify mine/report.html", "one file"),
        ("lossmodel verify paper.tex", "a text that quotes the fit"),
    ),
    "export": (
        ("lossmodel export xlsx", "a workbook, into lossmodel-export/"),
        ("lossmodel export docx parquet --out mine", "for Word, and with draws"),
    ),
    "cite": (
        ("lossmodel cite", "the version"),
        ("lossmodel cite --fit lossmodel-report --format bibtex", "a fit as well"),
    ),
    "simulate": (
        ("lossmodel simulate --seed 2 --out invented", "claims and the truth about them"),
        ("lossmodel fit --conflict invented", "then fit them"),
    ),
    "calibrate": (
        ("lossmodel calibrate --replicates 100", "coverage in 100 simulated wars"),
        ("lossmodel calibrate --break spike --out checks", "in wars of another make"),
        ("lossmodel calibrate --evidence overlap", "in wars with an overlap of lists"),
    ),
    "backtest": (
        ("lossmodel backtest --conflict battle-of-britain", "against later truth"),
        ("lossmodel backtest --date 2023-02-24 --date 2024-02-24", "as of two days"),
        ("lossmodel backtest --revisions", "how estimates moved"),
    ),
    "sensitivity": (
        ("lossmodel sensitivity --conflict kargil1999", "a small war"),
        ("lossmodel sensitivity mine.csv --out tables", "tables and figures as well"),
    ),
    "seal": (
        ("lossmodel seal", "the next totals of the claimants of lossmodel-report/"),
        ("lossmodel seal --ahead 30 --out sealed.json", "30 days ahead"),
    ),
    "score": (("lossmodel score sealed.json", "against the shipped claims of today"),),
}
