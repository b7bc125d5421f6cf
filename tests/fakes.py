"""A fit without a model: draws simulated with NumPy behind the interface of `Fit`."""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from lossmodel.conflict import Category, Conflict, Knots, Party, Scope, Share, Side
from lossmodel.conflict.types import STANDARD_CATEGORIES
from lossmodel.evaluation import accountings
from lossmodel.evidence.force_figures import force_figures
from lossmodel.model.components import Components
from lossmodel.model.design.parameters import Adapted
from lossmodel.model.priors import Priors
from lossmodel.posterior.discrepancy import COLUMNS as DISCREPANCY
from lossmodel.posterior.estimates import estimate
from lossmodel.posterior.fit import Cache
from lossmodel.posterior.ratios import biases_table
from lossmodel.posterior.row_influence import COLUMNS

START = pd.Timestamp("2022-02-24")
HOSTILE = (
    "<script>alert(1)</script> $E=mc^2$ \\input{/etc/passwd} #eval(1) | `x` [a](javascript:0) {%"
)
DERIVED = ("variance_decomposition", "local_prior_sensitivity", "row_influence")
COUNTED = ("killed", "wounded", "casualties")
LETHALITY = {"north": 0.28, "south": 0.33, "guests": 0.3}
LEVEL = {"north": 600.0, "south": 350.0, "guests": 12.0}
BLOCKS = ("bias", "common mode", "missing", "definition", "path", "noise scales")
# claimant, side, (party, category, accounting, log bias, claims every so many days)
STREAMS = (
    ("south-staff", "south", "north", "losses", "ledger", 0.2, 1),
    ("south-staff", "south", "south", "killed", "estimate", -0.7, 180),
    ("north-ministry", "north", "south", "casualties", "estimate", 0.5, 120),
    ("north-ministry", "north", "north", "killed", "estimate", -0.9, 200),
    ("observer", "", "north", "casualties", "estimate", 0.05, 60),
    ("observer", "", "south", "killed", "estimate", -0.1, 90),
    ("names-of-the-fallen", "", "north", "killed", "list", -0.4, 30),
    ("registry", "", "north", "killed", "register", 0.02, 365),
    ("south-staff", "south", "north", "tanks", "ledger", 0.3, 30),
)


def conflict(extra: str = "") -> Conflict:
    sides = {"north": Side("north", "The North"), "south": Side("south", f"The South{extra}")}
    parties = {
        "north": Party("north", "North", "north", ("south",)),
        "south": Party("south", f"South{extra}", "south", ("north",)),
        "guests": Party("guests", "Guests of the North", "north", ("south",)),
        "north+guests": Party(
            "north+guests", "North and its guests", "north", ("south",), ("north", "guests")
        ),
    }
    share = Share("decaying", 0.5, 0.5, 300.0, 0.4)
    scopes = {
        "all": Scope("all", "all forces", report=True),
        "militia": Scope("militia", "militia", "north", of="all", share=share),
        "citizens": Scope(
            "citizens", "citizens only", "north", complement_of="militia", report=True
        ),
    }
    names = dict.fromkeys(row[0] for row in STREAMS) | {"newspaper": None}
    side = {row[0]: row[1] for row in STREAMS}
    claimants = pd.DataFrame(
        {
            "claimant": list(names),
            "name": [name.replace("-", " ").title() + extra for name in names],
            "side": [side.get(name, "") for name in names],
            "url": "https://example.org/",
            "derived_from": ["names-of-the-fallen" if n == "newspaper" else "" for n in names],
            "note": "",
        }
    )
    streams = pd.DataFrame(
        [(c, p, k, a, "", "") for c, _, p, k, a, _, _ in STREAMS],
        columns=["claimant", "party", "category", "accounting", "method", "note"],
    )
    sources = pd.DataFrame(
        {
            "source": ["daily-report", "a_b"],
            "title": [f"Daily report 100% of {{losses}}{extra}", "Interview & other notes"],
            "publisher": ["Press office", "Gazette"],
            "date": ["2023-05-01", ""],
            "url": ["https://example.org/a?x=1&y=2%20z", "javascript:alert(1)"],
            "archive_url": ["", ""],
            "accessed": ["2024-01-01", ""],
        }
    )
    categories = dict(STANDARD_CATEGORIES)
    categories["tanks"] = Category("tanks", "tanks", "equipment")
    return Conflict(
        *("toy", f"A toy war{extra}", START, sides, parties, categories, scopes, Knots()),
        *(claimants, streams, sources, None, Path("toy")),
    )


def claims_table(days: pd.DatetimeIndex, mean: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    rows = []
    for claimant, _, party, category, accounting, bias, every in STREAMS:
        path = mean[party, "killed" if accounting in ("list", "register") else category]
        path = path * np.exp(bias)
        for i in range(every - 1 if every > 1 else 0, len(days), every):
            daily = every == 1
            value = float(f"{path[i] if daily else path[: i + 1].sum():.2g}")
            rows.append(
                {
                    "claim_id": f"{claimant}-{party}-{category}-{days[i]:%Y%m%d}",
                    **{"claimant": claimant, "party": party, "category": category},
                    "scope": "citizens" if accounting in ("list", "register") else "all",
                    "kind": "daily" if daily else "cumulative",
                    **{"start": days[i] if daily else START, "end": days[i], "known": days[i]},
                    **{"value": value, "low": np.nan, "high": np.nan},
                    "qualifier": "at-least" if category == "casualties" and i % 2 else "exact",
                    **{"published": days[i], "published_inferred": False},
                    "source": "daily-report" if daily else "a_b",
                    **{"via": "", "part_of": "", "per": "", "total": np.nan, "derived": False},
                    **{"note": "", "row": len(rows) + 2},
                }
            )
    table = pd.DataFrame(rows)
    kept = table[table["category"] == "killed"].iloc[[-1]]
    derived = kept.assign(claim_id="newspaper-1", claimant="newspaper", scope="all")
    derived["value"] *= 1.4
    return pd.concat([table, derived], ignore_index=True)


@dataclass(frozen=True, eq=False)
class FakeFit:
    days: pd.DatetimeIndex
    conflict: Conflict
    claims: SimpleNamespace
    evidence: SimpleNamespace
    streams: pd.DataFrame
    terms: pd.DataFrame
    priors: Priors
    variance_decomposition: pd.DataFrame
    local_prior_sensitivity: pd.DataFrame
    row_influence: pd.DataFrame
    diagnostics: dict
    provenance: dict
    paths: dict = field(repr=False)
    prior_paths: dict = field(repr=False)
    biases: dict = field(repr=False)
    engine: str = "laplace"
    ci_prob: float = 0.95
    components: Components = Components()
    series: tuple = (
        *(
            ("north", c, s)
            for s in ("all", "citizens")
            for c in ("killed", "wounded", "casualties")
        ),
        *(("south", c, "all") for c in ("killed", "wounded", "casualties")),
        *(("guests", c, "all") for c in ("killed", "wounded", "casualties")),
        ("north", "tanks", "all"),
    )

    def daily(self, party, category, scope="all", *, prior=False):
        paths = self.prior_paths if prior else self.paths
        if category == "tanks":
            return paths[party] * 0.004
        share = 1.0
        if scope != "all":
            militia = 0.5 * np.exp(-np.arange(len(self.days)) / 300)
            share = militia if scope == "militia" else 1 - militia
        kappa = LETHALITY[party]
        factor = {"killed": kappa, "wounded": 1 - kappa, "casualties": 1.0}[category]
        return paths[party] * share * factor

    @cached_property
    def submodels(self):
        return {
            "person": self.submodel_of("north", "killed"),
            "tanks": self.submodel_of("north", "tanks"),
        }

    @cached_property
    def cache(self):
        """The tables that the model would give."""
        cache = Cache()
        for name in ("series", "streams", "terms", *DERIVED):
            cache.keep(name, getattr(self, name))
        for key in self.series:
            rows = self.variance_decomposition
            rows = rows[rows["quantity"] == "{1} {0} {2}".format(*key)]
            cache.keep(f"variance_decomposition {key}", rows)
        expected = pd.DataFrame([(1.0, 0.4, 2.5, 1.0)] * len(self.streams), columns=DISCREPANCY)
        cache.keep("discrepancies", expected)
        cache.keep("claim_influence", self.row_influence.drop_duplicates("term"))
        content = repr((self.engine, self.ci_prob, self.days[-1], self.provenance))
        cache.keep("checksum", hashlib.sha256(content.encode()).hexdigest())
        return cache

    def estimate(self, category, party, **options):
        return estimate(self, category, party, **options)

    def bias(self):
        return biases_table(self)

    def submodel_of(self, party, category):
        tanks = category == "tanks"
        parties = ["north"] if tanks else list(LEVEL)
        scopes = {("north", s): i for i, s in enumerate(("all", "militia", "citizens"))}
        terms = self.terms[(self.terms["category"] == "tanks") == tanks]
        level = np.log(self.paths["north"].sum(axis=1))
        flat = (level - level.mean())[:, None]

        adapted = {
            f"lethality.level {parties[0]}": Adapted(sd=3.2),
            f"delay.median {self.streams.index[0]}": Adapted(median=0.25),
        }
        nodes = SimpleNamespace(
            log_expected=SimpleNamespace(size=max(len(terms), 1)), log_likelihood="log_likelihood"
        )

        def evaluate(theta):
            # A higher level makes every claim as much less likely as it lies below.
            off = np.nan_to_num(terms["residual"].to_numpy()) - theta[..., :1]
            return {nodes.log_likelihood: -((off / 0.2) ** 2) / 2}

        return SimpleNamespace(
            engine="nuts" if tanks else self.engine,
            density=SimpleNamespace(model=nodes, evaluate=evaluate),
            posterior=SimpleNamespace(
                cells=self.daily,
                flat=flat,
                bias=self.bias_draws,
                wounded_share=self.omega_draws,
                bias_factor=self.bias_factor,
            ),
            prior=SimpleNamespace(
                bias=partial(self.bias_draws, prior=True),
                bias_factor=partial(self.bias_factor, prior=True),
            ),
            design=SimpleNamespace(
                streams=self.streams,
                terms=terms,
                people=not tanks,
                latent=SimpleNamespace(parties=parties, scope_index=scopes),
                grid=SimpleNamespace(cell_of=np.arange(len(self.days)), size=len(self.days)),
                parameters=SimpleNamespace(adapted=adapted),
            ),
        )

    def bias_draws(self, stream, cells=slice(None), *, prior=False):
        return self.biases[stream, prior][:, cells]

    def bias_factor(self, stream, cells, *, prior=False):
        return np.exp(self.bias_draws(stream, cells, prior=prior))

    def omega_draws(self, stream, *, prior=False):
        category = self.streams.loc[self.streams["stream"] == stream, "category"].iloc[0]
        n = len(self.biases[stream, prior])
        fixed = {"killed": 0.0, "casualties": 1.0, "tanks": np.nan}
        if category in fixed:
            return np.full(n, fixed[category])
        return np.random.default_rng(stream).beta(6, 2, n)

    def save(self, path):
        Path(path).write_bytes(b"fit")


def make_fit(
    n_draws: int = 200, until: str = "2024-06-30", extra: str = "", passed: bool = True
) -> FakeFit:
    rng = np.random.default_rng(7)
    days = pd.date_range(START, until)
    t = np.linspace(0, 1, len(days))
    wave = {p: 1 + 0.4 * np.sin(6 * t + i) + 0.5 * t for i, p in enumerate(LEVEL)}

    def paths(n, sd):
        walk = {p: np.cumsum(rng.normal(0, 0.006, (n, len(days))), axis=1) for p in LEVEL}
        level = {p: rng.normal(0, sd, (n, 1)) for p in LEVEL}
        return {p: LEVEL[p] * wave[p] * np.exp(level[p] + walk[p]) for p in LEVEL}

    posterior, prior = paths(n_draws, 0.15), paths(300, 1.5)
    toy = conflict(extra)
    streams = pd.DataFrame(
        {
            "stream": range(len(STREAMS)),
            "claimant": [s[0] for s in STREAMS],
            "party": [s[2] for s in STREAMS],
            "category": [s[3] for s in STREAMS],
            "accounting": [s[4] for s in STREAMS],
            "method": "",
            "role": [toy.role(s[0], s[2]) for s in STREAMS],
            "n_claims": 1,
            "n_used": 1,
            "identified": [s[1] == "" for s in STREAMS],
            "group": ["equipment" if s[3] == "tanks" else "person" for s in STREAMS],
            "block": ["tanks" if s[3] == "tanks" else "person" for s in STREAMS],
            "number": range(len(STREAMS)),
        }
    )
    biases = {}
    for i, row in enumerate(STREAMS):
        for is_prior, n, sd in ((False, n_draws, 0.12), (True, 300, 0.4)):
            level = rng.normal(row[5] if not is_prior else row[5] / 2, sd, (n, 1))
            drift = np.cumsum(rng.normal(0, 0.004, (n, len(days))), axis=1)
            biases[i, is_prior] = level + drift
    mean = {}
    for party, path in posterior.items():
        middle = np.median(path, axis=0)
        mean[party, "killed"] = LETHALITY[party] * middle
        mean[party, "casualties"] = middle
        mean[party, "losses"] = (LETHALITY[party] + 0.75 * (1 - LETHALITY[party])) * middle
        mean[party, "tanks"] = 0.004 * middle
    table = claims_table(days, mean)
    if extra:
        table.loc[0, ["note", "claimant"]] = [extra, table.loc[0, "claimant"]]
        table.loc[1, "claim_id"] += extra
    terms, classes = _evidence(table, rng)
    counts = table.groupby(["claimant", "party", "category"]).size()
    used = terms.groupby(["claimant", "party", "category"]).size()
    keys = list(zip(streams["claimant"], streams["party"], streams["category"], strict=True))
    streams["n_claims"] = [int(counts[k]) for k in keys]
    streams["n_used"] = [int(used[k]) for k in keys]
    corrections = pd.DataFrame(
        columns=["claim_id", "claimant", "party", "category", "date", "value", "why"]
    )
    return FakeFit(
        **{"days": days, "conflict": toy, "streams": streams, "terms": terms},
        claims=SimpleNamespace(
            table=table, conflict=toy, sha256={"claims.csv": "ab" * 32}, path=Path("claims.csv")
        ),
        evidence=SimpleNamespace(
            terms=terms,
            classes=classes,
            corrections=corrections,
            until=days[-1],
            as_of=None,
            ended=None,
            force=force_figures([]),
        ),
        priors=Priors.default(),
        variance_decomposition=_shares(),
        local_prior_sensitivity=_other_priors(posterior),
        row_influence=_influence(terms),
        diagnostics=_diagnostics(passed),
        provenance={
            "version": "0.1.0",
            "command": "lossmodel fit",
            "seed": 1,
            "engine": "laplace",
            "inputs": {"claims.csv": "ab" * 32},
            "versions": {"numpy": np.__version__},
        },
        **{"paths": posterior, "prior_paths": prior, "biases": biases},
    )


def _evidence(table: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    left_out = table["claimant"] == "newspaper"
    classes = pd.DataFrame(
        {
            "claim_id": table["claim_id"],
            "class": np.where(left_out, "left out", "used"),
            "with": "",
            "why": np.where(left_out, "Computed from names-of-the-fallen.", "New information."),
        }
    )
    used = table[~left_out].reset_index(drop=True)
    forms = used["qualifier"].map({"exact": "point", "at-least": "at-least"})
    residual = np.where(forms == "point", rng.normal(0, 0.15, len(used)), np.nan)
    expected = used["value"] / np.exp(np.nan_to_num(residual))
    terms = used[
        ["claimant", "party", "category", "scope", "value", "low", "high", "known"]
    ].assign(
        term=used["claim_id"],
        claims=used["claim_id"],
        accounting="estimate",
        role="third-party",
        form=forms,
        kind="window",
        days=[((a, b),) for a, b in zip(used["start"], used["end"], strict=True)],
        n_days=(used["end"] - used["start"]).dt.days + 1,
        anchor_date=used["known"],
        published=used["published"],
        expected_median=expected,
        expected_lower=expected * 0.7,
        expected_upper=expected * 1.4,
        residual=residual,
        pit=rng.uniform(size=len(used)),
        copy_probability=0.0,
        copy_of="",
    )
    return terms, classes


def _influence(terms: pd.DataFrame) -> pd.DataFrame:
    """One total hangs on the last claim of a list, and another on none."""
    listed = terms[terms["claimant"] == "names-of-the-fallen"].iloc[-1]
    row = {"term": listed["term"], "claims": listed["claims"], "claimant": listed["claimant"]}
    row |= {"counted": "killed", "observation_model": "list", "prior": "coverage.level"}
    row |= {"median": 1e5, "lower": 6e4, "upper": 2e5, "ci_prob": 0.95}
    shifts = {("north", "killed", "all"): (1.4, True), ("south", "killed", "all"): (0.3, False)}
    return pd.DataFrame(
        [
            dict(zip(("party", "category", "scope"), key, strict=True))
            | {"shift": shift, "widening": 1.1, "hangs": hangs}
            | row
            for key, (shift, hangs) in shifts.items()
        ]
    )[list(COLUMNS)]


def _other_priors(posterior: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for party in ("north", "south"):
        total = posterior[party].sum(axis=1)
        quantiles = np.quantile(total, [0.5, 0.025, 0.975])
        for category, share in (("killed", LETHALITY[party]), ("casualties", 1.0)):
            for prior, value, factor in (
                *(("common.sd", sd, 1 + sd - 0.15) for sd in (0.10, 0.15, 0.25)),
                *(("coverage.level", sds, 1 - 0.2 * sds) for sds in (-1.0, 1.0)),
            ):
                limits = dict(
                    zip(("median", "lower", "upper"), quantiles * share * factor, strict=True)
                )
                key = {"party": party, "category": category, "scope": "all"}
                rows.append(key | {"prior": prior, "value": value, "ci_prob": 0.95} | limits)
    return pd.DataFrame(rows)


def _shares() -> pd.DataFrame:
    rows = []
    for category in ("killed", "casualties"):
        for party, prior_share in (("north", 0.45), ("south", 0.86)):
            weights = np.array([0.5, 0.25, 0.1, 0.05, 0.06, 0.04]) * prior_share
            for submodel, share in zip(BLOCKS, weights, strict=True):
                rows.append(
                    {
                        "quantity": f"{category} {party} all",
                        **{
                            "block": submodel,
                            "share": share,
                            "prior_sd": 1.5,
                            "posterior_sd": 0.16,
                        },
                        **{"prior_share": prior_share, "identified": party == "north"},
                    }
                )
    return pd.DataFrame(rows)


def _read_as(accounting: str, *, median: float, shift: float) -> dict:
    """A refit with another accounting of the ministry's own count."""
    values = ("north-ministry", "north", "killed", "estimate", accounting, "north", "killed", "all")
    values += (median, 0.6 * median, 1.8 * median, shift, True)
    return dict(zip(accountings.COLUMNS, values, strict=True))


def _diagnostics(passed: bool) -> dict:
    return {
        "engine": "laplace",
        "findings": [],
        "other_accountings": {
            "rows": [
                _read_as("list", median=7e5, shift=0.9),
                _read_as("ledger", median=4.1e5, shift=0.1),
            ],
            "left": ["south-staff south killed"],
        },
        "gate": {
            "passed": passed,
            "failures": [] if passed else ["k-hat 0.91 is over 0.7"],
            "doubts": [],
        },
        **{"max_rhat": 1.004, "min_ess_bulk": 812.0, "min_ess_tail": 640.0, "divergences": 0},
        **{"n_draws": 1000, "chains": 4, "gradients": 12345, "peak_mb": 512.0},
        "seconds": {"evidence": 0.4, "fit": 1.9},
        "quantities": [
            {"name": "killed north all", "rhat": 1.002, "ess_bulk": 900.0, "ess_tail": 800.0}
        ],
        "level_ranges": [
            {"quantity": "killed south all", "low": 60000.0, "high": 130000.0, "note": ""}
        ],
    }


def with_claims_about_the_sum(fit):
    """The claims of the last stream but about North and its guests together."""
    about = fit.claims.table["claimant"].eq("observer") & fit.claims.table["party"].eq("north")
    table = fit.claims.table.assign(party=fit.claims.table["party"].where(~about, "north+guests"))
    changed = SimpleNamespace(**{**vars(fit.claims), "table": table})
    streams = fit.streams
    own = streams["claimant"].eq("observer") & streams["party"].eq("north")
    streams = streams.assign(party=streams["party"].where(~own, "north+guests"))
    return replace(fit, claims=changed, streams=streams), int(about.sum())
