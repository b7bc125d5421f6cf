"""Updates: new claims of public sets, and which of them changed the totals."""

import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lossmodel as lm
from lossmodel.cli.changes import _new_rows
from lossmodel.errors import UsageError
from lossmodel.importers.newer import newer, with_rows
from lossmodel.posterior.estimates import total_to
from lossmodel.report.changes import STEPS, Changes, changes_since, read_changes
from lossmodel.report.folder import csv_text
from lossmodel.report.sections.changes import changes_section
from lossmodel.report.telescope import OTHERS, SETTINGS, telescope

pytestmark = pytest.mark.usefixtures("without_weights")

PERSONNEL = "russia_losses_personnel.json"
BOOKED = "russia_losses_equipment_correction.json"
KEYS = ["party", "category", "scope"]


def fit(claims, **options):
    return lm.fit(claims, engine="laplace", draws=100, **options)


WARS = [
    ("battle-of-britain", "1940-10-05"),
    pytest.param(("kargil1999", "1999-07-01"), marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=WARS)
def fits(request):
    war, day = request.param
    with pytest.MonkeyPatch.context() as patch:
        # The normal approximation will do.
        patch.setattr("lossmodel.inference.run.LARGEST", 0)
        yield fit(war, as_of=day), fit(war)


@pytest.mark.parametrize("by", ["claimant", "month"])
def test_the_parts_are_exactly_the_difference_of_the_fits(fits, by):
    earlier, later = fits
    steps = telescope(earlier, later, by=by)
    day = earlier.days[-1]
    assert set(steps["end"]) == {day}
    for key, rows in steps.groupby(KEYS):
        assert rows["median_before"].iloc[0] == total_to(earlier, key, day)["median"]
        assert rows["median_now"].iloc[-1] == total_to(later, key, day)["median"]
        assert rows["median_before"].iloc[1:].tolist() == rows["median_now"].iloc[:-1].tolist()
        np.testing.assert_array_equal(rows["change"], rows["median_now"] - rows["median_before"])
    groups = steps.groupby("step").first()
    assert groups["published_first"].is_monotonic_increasing
    new = later.claims.table[later.claims.table["published"] > earlier.evidence.as_of]
    assert groups["n_claims"].sum() == len(new)
    named = new["claimant"] if by == "claimant" else new["published"].dt.strftime("%Y-%m")
    assert set(groups["added"]) == set(named)


@pytest.mark.slow
def test_a_step_is_the_refit_with_the_claims_up_to_it(fits):
    earlier, later = fits
    steps = telescope(earlier, later, by="month")
    first = steps[steps["step"] == 1]
    table = later.claims.table
    months = table["published"].dt.strftime("%Y-%m")
    kept = (table["published"] <= earlier.evidence.as_of) | (months == first["added"].iloc[0])
    alone = fit(later.claims.select(kept))
    for row in first.to_dict("records"):
        total = total_to(alone, tuple(row[k] for k in KEYS), row["end"])
        # Another start of the search gives the same mode up to its tolerance.
        assert row["median_now"] == pytest.approx(total["median"], abs=0.05 * total["sd"])


def test_settings_and_claims_that_changed_have_steps_of_their_own(fits):
    _, later = fits
    assert telescope(later, later).empty
    table = later.claims.table
    less = fit(replace(later.claims, table=table.assign(value=table["value"] * 1.1)), seed=2)
    steps = telescope(less, later)
    assert list(steps["added"].unique()) == [SETTINGS, OTHERS]
    assert set(steps["n_claims"]) == {0}
    for key, rows in steps.groupby(KEYS):
        assert rows["median_now"].iloc[-1] == total_to(later, key, later.days[-1])["median"]


def test_the_report_has_parts_that_add_up_to_its_sum(fits, tmp_path):
    earlier, later = fits
    steps = telescope(earlier, later, by="month")
    plain = changes_since(earlier, later)
    changes = Changes(plain.totals, plain.claims, steps)
    table = next(b for b in changes_section(later, changes).blocks
                 if getattr(b, "name", "") == "changes-by-claims")  # fmt: skip
    numbers = [[int(cell.replace(",", "")) for cell in row[2:]] for row in table.rows]
    assert np.sum(numbers[:-1], axis=0).tolist() == numbers[-1]
    # A folder keeps it; the last step ends at the totals of its fit.
    for name, kept in (("changes", plain.totals), ("changed-claims", plain.claims)):
        (tmp_path / f"{name}.csv").write_text(csv_text(kept), encoding="utf-8")
    assert read_changes(tmp_path, later).steps.empty
    forged = steps.assign(
        median_now=steps["median_now"].where(steps["step"] < steps["step"].max(), 1.0)
    )
    (tmp_path / STEPS).write_text(csv_text(forged), encoding="utf-8")
    again = read_changes(tmp_path, later)
    assert changes_section(later, again) == changes_section(later, changes)
    (tmp_path / STEPS).write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="changes-by-claims.csv cannot be read"):
        read_changes(tmp_path, later)


def test_the_steps_of_any_two_fits_are_printed(fits, tmp_path, lossmodel):
    earlier, later = fits
    paths = [one.save(tmp_path / f"{name}.nc") for name, one in (("a", earlier), ("b", later))]
    found = lossmodel("compare", *paths, "--by", "claimant", "--no-cache")
    assert found.status == 0
    # A saved fit has the same draws to seven digits.
    steps = pd.read_csv(io.StringIO(found.stdout))
    expected = telescope(earlier, later)
    assert steps["added"].tolist() == expected["added"].tolist()
    np.testing.assert_allclose(steps["median_now"], expected["median_now"], rtol=1e-3)


def rows_of(*rows):
    found = pd.DataFrame(rows, columns=["category", "kind", "end", "value"])
    ids = [f"new-{number}" for number in range(len(found))]
    return found.assign(claim_id=ids, claimant="a", party="p", scope="all")


def test_only_later_days_of_known_series_are_new():
    table = rows_of(("tanks", "cumulative", "2022-03-31", 5), ("ships", "daily", "2022-06-01", 1))
    claims = type("C", (), {"table": table.assign(end=pd.to_datetime(table["end"]))})
    found = rows_of(
        ("tanks", "cumulative", "2022-03-30", 4),
        ("tanks", "cumulative", "2022-03-31", 6),
        ("tanks", "cumulative", "2022-04-29", 7),
        ("tanks", "cumulative", "2022-04-30", 8),
        ("tanks", "correction", "2022-04-12", 1),
        ("tanks", "cumulative", "2022-05-02", 9),
        ("boats", "cumulative", "2022-05-02", 9),
        ("ships", "cumulative", "2022-05-02", 9),
    )
    assert newer(claims, found)["claim_id"].tolist() == ["new-2", "new-3", "new-4", "new-5"]
    # May is not over.
    assert newer(claims, found, month_ends=True)["claim_id"].tolist() == ["new-3", "new-4"]


@pytest.fixture
def war(root, tmp_path):
    """The shipped war as of May 2022, and a copy of a public set up to July."""
    folder = tmp_path / "russia-ukraine"
    shutil.copytree(root / "data" / "russia-ukraine", folder)
    table = pd.read_csv(folder / "claims.csv", dtype=str, keep_default_na=False)
    persons = ["losses", "killed", "wounded", "casualties"]
    early = table[(table["published"] <= "2022-05-31") & table["category"].isin(persons)]
    early.to_csv(folder / "claims.csv", index=False)
    ledger = table[
        table["source"].str.startswith("petroivaniuk")
        & (table["category"] == "losses")
        & (table["kind"] == "cumulative")
        & table["published"].between("2022-05-01", "2022-07-15")
    ]
    words = {"about": "about", "at-least": "more", "exact": ""}
    rows = [
        {"date": row.published, "day": 1, "personnel": int(row.value),
         "personnel*": words[row.qualifier], "POW": 0}
        for row in ledger.itertuples()
    ]  # fmt: skip
    booked = [{"date": "2022-06-10", "personnel": 0, "tank": 0, "APC": 0, "field artillery": 0}]
    sets = tmp_path / "sets"
    sets.mkdir()
    (sets / PERSONNEL).write_text(json.dumps(rows), encoding="utf-8")
    (sets / BOOKED).write_text(json.dumps(booked), encoding="utf-8")
    return folder, sets


def test_new_rows_come_from_copies_of_the_sets(war):
    folder, sets = war
    claims = lm.load_claims(conflict=folder)
    [rows] = _new_rows(claims, sets, lambda _: None)
    assert rows["published"].min() == "2022-06-01"
    assert rows["published"].max() == "2022-07-15"
    both = lm.load_claims(with_rows(claims, [rows]), conflict=folder)
    assert len(both) == len(claims) + len(rows)
    same = both.table.set_index("claim_id").loc[claims.table["claim_id"], ["value", "end", "known"]]
    expected = claims.table.set_index("claim_id")[["value", "end", "known"]]
    pd.testing.assert_frame_equal(same, expected)
    # What is there already is not new.
    assert not len(_new_rows(both, sets, lambda _: None)[0])


def test_what_cannot_be_updated_is_said(war, tmp_path):
    folder, sets = war
    claims = lm.load_claims(conflict=folder)
    (sets / BOOKED).unlink()
    with pytest.raises(UsageError, match=f"lacks {BOOKED}"):
        _new_rows(claims, sets, lambda _: None)
    (sets / PERSONNEL).unlink()
    with pytest.raises(UsageError, match=PERSONNEL):
        _new_rows(claims, sets, lambda _: None)
    with pytest.raises(UsageError, match="No public data set belongs to the conflict kargil1999"):
        _new_rows(lm.load_claims(conflict="kargil1999"), None, lambda _: None)


@pytest.mark.slow
def test_an_update_is_a_report_that_can_be_verified(war, tmp_path, lossmodel):
    folder, sets = war
    before = (folder / "claims.csv").read_bytes()
    out = tmp_path / "out"
    command = ["update", "--conflict", folder, "--source", sets, "--out", out, "--no-cache",
               "--engine", "laplace", "--figures", "svg"]  # fmt: skip
    assert lossmodel(*command).status == 0
    assert (folder / "claims.csv").read_bytes() == before
    steps = pd.read_csv(out / STEPS)
    assert set(steps["added"]) == {"ua-general-staff"}
    table = pd.read_csv(out / "updated-claims.csv")
    assert len(table) == steps["n_claims"].iloc[0] + len(pd.read_csv(folder / "claims.csv"))
    assert lossmodel("verify", out).status == 0
    # The second update compares with the first, and finds nothing new.
    assert lossmodel(*command).status == 0
    assert not (out / STEPS).exists()
