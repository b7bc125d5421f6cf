"""Plots draw on the Axes that they are given, from the tables, and change nothing else."""

from functools import partial

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from lossmodel import plots
from lossmodel.conflict.titles import claimant_names
from lossmodel.errors import UsageError
from lossmodel.plots.axes import READ, set_ratio_axis
from lossmodel.plots.force import plot_force_balance
from lossmodel.plots.tail import TAIL_LABEL
from lossmodel.posterior.estimates import estimate, rate_measure
from lossmodel.posterior.ratios import biases_table
from lossmodel.report.figures import figures
from lossmodel.report.figures.figures import FigureSpec, draw_figures, figure_specs
from lossmodel.report.figures.room import fit_words
from lossmodel.report.figures.tables import tables_for
from lossmodel.report.results import Results
from tests.fakes import HOSTILE, make_fit

SHOWN = ("estimates", "terms", "variance_decomposition", "biases")
BALANCE = {
    "party": [f"p{'W' * 79}"] * 2,
    "start": pd.to_datetime(["2022-03-01", "2022-04-01"]),
    "end": pd.to_datetime(["2022-03-31", "2022-04-30"]),
    **dict.fromkeys(("balance_lower", "fit_lower"), 1.0),
    **dict.fromkeys(("balance", "fit_median"), 2.0),
    **dict.fromkeys(("balance_upper", "fit_upper"), 3.0),
}


@pytest.fixture(scope="module")
def fit():
    return make_fit()


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.mark.parametrize(
    "draw",
    [
        *(plots.plot_losses, plots.plot_biases),
        *(plots.plot_predictions, plots.plot_variance_decomposition),
    ],
)
def test_each_draws_on_the_axes_it_is_given(fit, ax, draw):
    before = dict(mpl.rcParams)
    assert draw(fit, ax=ax) is ax
    assert ax.has_data()
    assert dict(mpl.rcParams) == before
    ax.figure.draw_without_rendering()


def test_where_all_figures_are_ranges_there_is_no_ratio_to_draw(ax):
    fit = make_fit()
    object.__setattr__(fit, "terms", fit.terms.assign(residual=np.nan))
    with pytest.raises(UsageError, match="ranges without a value"):
        plots.plot_predictions(fit, ax=ax)
    (spec,) = figure_specs(Results(fit))["checks"]
    assert spec.draw is None
    assert "ranges without a value" in spec.caption
    assert figure_specs(Results(make_fit()))["checks"][0].draw


def test_long_names_leave_room_for_the_plot(fit, tmp_path, monkeypatch):
    force = partial(plot_force_balance, pd.DataFrame(BALANCE))
    names = {name: f"{name} {'W' * 80}" for name in fit.streams["claimant"]}
    monkeypatch.setattr("lossmodel.plots.labels.short_names", lambda _: names)
    for title in ("party_title", "category_title"):
        monkeypatch.setattr(f"lossmodel.plots.labels.{title}", lambda _, name: f"{name} {'W' * 80}")
    for title in ("party_title", "quantity_title"):
        monkeypatch.setattr(
            f"lossmodel.report.figures.figures.{title}", lambda _, key: f"{key} {'W' * 200}"
        )
    results = Results(fit)
    specs = [spec for each in figure_specs(results).values() for spec in each]

    def draw_force(_):
        figure, axes = figures._figure(1.5)
        force(ax=axes[0])
        return figure

    specs.append(FigureSpec("force", "", draw_force))
    laid = []
    monkeypatch.setattr(
        Figure, "savefig", lambda figure, path, **_: (laid.append(figure), path.write_text(""))
    )
    # A warning of the layout would be an error.
    draw_figures(specs, tables_for(results, SHOWN), tmp_path)
    assert len(laid) > 5
    for figure in laid:
        for ax in figure.axes:
            assert ax.get_position().width > 0.15
            assert ax.get_position().height > 0.1
            assert len(ax.get_title(loc="left").splitlines()) != 1


def test_without_axes_there_are_new_ones(fit):
    mpl.use("Agg")
    from matplotlib import pyplot

    ax = plots.plot_variance_decomposition(fit)
    assert ax.has_data()
    pyplot.close(ax.figure)


def test_the_curve_is_that_of_the_table(fit, ax):
    plots.plot_losses(fit, party="south", category="casualties", ax=ax)
    curve = next(line for line in ax.lines if line.get_label() == "estimate (median)")
    found = curve.get_ydata()
    medians = estimate(fit, "casualties", "south")["median"]
    before = len(found) - len(medians)
    np.testing.assert_array_equal(found[before:], medians)
    np.testing.assert_allclose(found[:before], medians.iloc[0] * np.arange(before) / before)


def test_rates_are_a_day(fit, ax):
    plots.plot_losses(fit, party="south", measure="monthly", ax=ax)
    curve = next(line for line in ax.lines if line.get_label() == "estimate (median)")
    rows = estimate(fit, "killed", "south", measure="monthly")
    days = (rows["end"] - rows["start"]).dt.days + 1
    np.testing.assert_allclose(curve.get_ydata(), rows["median"] / days)


def test_cumulative_claims_stand_on_the_curve_and_daily_ones_on_the_rate(fit):
    found = {}
    for measure in ("cumulative", "weekly"):
        ax = Figure().subplots()
        plots.plot_losses(fit, party="north", category="casualties", measure=measure, ax=ax)
        found[measure] = {text for text in ax.get_legend_handles_labels()[1]}
    assert "third-party, at least" in found["cumulative"]
    assert "adversary, ledger" not in found["cumulative"]
    assert "adversary, ledger" in found["weekly"]


@pytest.mark.parametrize(("spread", "scale"), [(3.0, "linear"), (6.0, "symlog")])
def test_a_median_far_below_the_limit_has_a_logarithmic_axis(fit, ax, spread, scale):
    table = estimate(fit, "casualties", "south")
    table = table.assign(lower=table["median"] / spread, upper=table["median"] * spread)
    plots.plot_losses(fit, party="south", category="casualties", table=table, ax=ax)
    assert ax.get_yscale() == scale
    assert ax.get_ylim()[0] == 0
    height = ax.transAxes.inverted().transform(ax.transData.transform([(0, table["median"].max())]))
    assert height[0, 1] > READ


@pytest.mark.parametrize(("days", "measure"), [(5, "daily"), (36, "weekly"), (3000, "monthly")])
def test_a_figure_shows_days_of_short_wars_and_months_of_long_ones(days, measure):
    assert rate_measure(days) == measure


def test_days_of_a_short_war_have_no_hours_between_them(fit, ax):
    table = estimate(fit, "killed", "south", measure="daily").head(5)
    plots.plot_losses(fit, party="south", measure="daily", table=table, ax=ax)
    ax.set_xlim(table["start"].iloc[0], table["start"].iloc[-1])
    assert len(ax.get_xticks()) == 5
    assert not any(":" in label.get_text() for label in ax.get_xticklabels())


def test_an_axis_of_days_has_their_years(fit, ax):
    """Ticks within a year do not name it."""
    results, days = Results(fit), "24 February 2022 to 30 June 2024"
    figure = figure_specs(results)["losses"][0].draw(tables_for(results, SHOWN))
    assert [ax.get_xlabel() for ax in figure.axes] == ["", days]
    assert plots.plot_losses(fit, party="south", ax=ax).get_xlabel() == days


@pytest.mark.parametrize("wide", [True, False])
def test_the_end_that_claims_hardly_inform_is_hatched(fit, ax, wide):
    table = estimate(fit, "killed", "south", measure="weekly")
    late = table.index >= len(table) - 9
    spread = np.exp(np.where(late & wide, 3.0, 0.4))
    table = table.assign(lower=table["median"] / spread, upper=table["median"] * spread)
    plots.plot_losses(fit, party="south", measure="weekly", table=table, ax=ax)
    hatched = [patch for patch in ax.patches if patch.get_label() == TAIL_LABEL]
    starts = [mpl.dates.num2date(patch.get_x()).date() for patch in hatched]
    assert starts == ([table["start"].iloc[-9].date()] if wide else [])


def test_what_was_left_out_is_there_for_comparison(fit, ax):
    plots.plot_losses(fit, party="north", ax=ax)
    assert "left out, for comparison" in ax.get_legend_handles_labels()[1]


def test_a_row_a_stream(fit, ax):
    table = biases_table(fit)
    plots.plot_biases(fit, party="south", table=table, ax=ax)
    names = [label.get_text() for label in ax.get_yticklabels()]
    streams = fit.streams[fit.streams["party"] == "south"]
    titles = claimant_names(fit.conflict)
    assert sorted(names) == sorted(
        f"{titles[s.claimant]}: {s.category}" for s in streams.itertuples()
    )


def test_a_party_without_claims_is_refused(fit, ax):
    with pytest.raises(UsageError, match="no equipment claims about south"):
        plots.plot_biases(fit, party="south", group="equipment", ax=ax)


def test_hostile_names_are_drawn_as_text():
    fit = make_fit(extra=HOSTILE)
    ax = Figure().subplots()
    with mpl.rc_context({"text.parse_math": False}):
        plots.plot_losses(fit, party="south", ax=ax)
        ax.legend()
        ax.figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.95, 1.1, [0.8, 0.9, 1, 1.1, 1.2]), (0.6, 1.9, [0.7, 1, 1.5, 2]), (0.1, 9, None)],
)
def test_an_axis_of_ratios_has_three_ticks_or_more(low, high, ticks):
    ax = Figure().subplots()
    set_ratio_axis(ax, pd.DataFrame([low]), pd.DataFrame([high]))
    found = ax.get_xticks()
    assert len(found) >= 3
    np.testing.assert_allclose(found, ticks or [0.1, 0.2, 0.5, 1, 2, 5])


@pytest.mark.parametrize("names", [["a", "b"], ["Ministry of Defence: killed and wounded"] * 2])
@pytest.mark.parametrize("words", [3, 9, 16, 40])
def test_titles_stay_within_the_figure(names, words):
    """However far in the plot begins."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    ax = figure.subplots()
    ax.barh([0, 1], [1, 2])
    ax.set_yticks([0, 1], names)
    ax.set_title(" ".join([*["aircraft"] * words, "end"]), loc="left")
    fit_words(ax)
    figure.draw_without_rendering()
    lines = ax.get_title(loc="left").split("\n")
    title = next(text for text in ax.findobj(Text) if text.get_text() == "\n".join(lines))
    assert title.get_window_extent().x1 <= figure.bbox.width
    assert lines[-1].endswith("end")
    assert len(lines) <= 2
