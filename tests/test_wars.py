"""The past wars of `data/wars` are sound: every claim, truth and source has its place."""

import pandas as pd
import pytest

from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.conflict.inputs import FILES
from lossmodel.conflict.shipped import data_dir, past_wars, resolve
from lossmodel.evidence import collect_evidence
from lossmodel.model import history_tables
from lossmodel.posterior.fit import conflict_priors

WARS = past_wars()


def test_the_wars_are_there():
    assert {"kargil1999", "falklands1982", "kosovo1999", "winterwar1939", "maria2017"} <= set(WARS)


@pytest.mark.parametrize("name", WARS)
class TestEachWar:
    def test_it_is_found_by_its_name(self, name):
        assert resolve(name) == data_dir() / "wars" / name
        assert load_conflict(name).name == name

    def test_every_file_that_is_read_is_there(self, name):
        files = {path.name for path in resolve(name).iterdir()}
        assert files == set(FILES) - {"priors.toml"} | {"README.md", "datapackage.json"}

    def test_claims_are_used_and_each_ends_in_one_class(self, name):
        claims = load_claims(conflict=name)
        classes = collect_evidence(claims).classes
        assert sorted(classes["claim_id"]) == sorted(claims.table["claim_id"])
        assert (classes["class"] == "used").mean() > 0.5
        used = classes.loc[classes["class"] == "used", "claim_id"]
        pair = ["party", "category"]
        counted = claims.table.set_index("claim_id").loc[used, pair].drop_duplicates()
        assert len(counted) == len(claims.table[pair].drop_duplicates())

    def test_it_has_an_end_and_no_loss_after_it(self, name):
        conflict = load_conflict(name)
        claims = load_claims(conflict=name).table
        assert conflict.end is not None
        assert claims["end"].max() <= conflict.end
        assert conflict.truth["end"].max() <= conflict.end
        assert conflict.truth["start"].min() >= conflict.start

    def test_truth_is_of_losses_that_are_claimed(self, name):
        conflict = load_conflict(name)
        claims = load_claims(conflict=name).table
        claimed = set(claims[["party", "category"]].itertuples(index=False, name=None))
        for base in claims["party"].unique():
            claimed |= {
                (part, category)
                for part in conflict.components(base)
                for category in claims.loc[claims["party"] == base, "category"]
            }
        for row in conflict.truth.itertuples():
            assert row.party in conflict.parties
            assert row.category in conflict.categories
            assert row.scope in conflict.scopes
            assert (row.party, row.category) in claimed

    def test_limits_of_truth_have_a_level(self, name):
        truth = load_conflict(name).truth
        ranged = truth["low"].notna()
        assert truth.loc[ranged, "ci_prob"].between(0, 1, inclusive="neither").all()
        assert truth.loc[~ranged, "ci_prob"].isna().all()
        assert (truth["high"].isna() == truth["low"].isna()).all()

    def test_sources_resolve_and_are_needed(self, name):
        conflict = load_conflict(name)
        named = set(load_claims(conflict=name).table["source"]) | set(conflict.truth["source"])
        assert named == set(conflict.sources["source"])
        assert conflict.sources["title"].ne("").all()

    def test_every_stream_and_claimant_is_declared_once_and_used(self, name):
        conflict = load_conflict(name)
        keys = ["claimant", "party", "category"]
        declared = conflict.streams[keys].apply(tuple, axis=1)
        claimed = load_claims(conflict=name).table[keys].apply(tuple, axis=1)
        assert set(declared) == set(claimed)
        assert set(conflict.claimants["claimant"]) == {row[0] for row in claimed}

    def test_lists_and_registers_that_came_later_say_what_they_knew(self, name):
        claims = load_claims(conflict=name)
        for row in claims.table.itertuples():
            stream = claims.conflict.stream(row.claimant, row.party, row.category)
            if stream.accounting == "list" and row.published > row.end + pd.Timedelta(days=60):
                assert row.known > row.end, row.claim_id

    def test_its_own_cluster_is_left_out(self, name):
        conflict = load_conflict(name)
        assert conflict_priors(conflict).left_out == tuple(filter(None, [conflict.cluster]))

    def test_a_war_with_pairs_names_its_cluster(self, name):
        """A cluster that shares the year and the first word of the title is this war."""
        conflict = load_conflict(name)
        tables = history_tables.read_clusters(), history_tables.read_armies()
        clusters = {name for table in tables for name in table["cluster"]}
        word = conflict.title.split()[0].strip(",")
        near = {cluster for cluster in clusters if cluster.split()[0] == word}
        assert not near or conflict.cluster in near

    def test_the_readme_lists_it(self, name):
        text = (data_dir() / "wars" / "README.md").read_text(encoding="utf-8")
        claims, truth = load_claims(conflict=name).table, load_conflict(name).truth
        assert f"[`{name}`]" in text
        assert f" | {len(claims)} | {len(truth)} |" in text


def test_a_pair_of_a_folder_says_so_and_has_its_cluster():
    """Otherwise a scored war would inform its own priors."""
    added = pd.read_csv(data_dir() / "history" / "additions.csv")
    found = {}
    for name in WARS:
        folder = data_dir() / "wars" / name
        claims, truth = pd.read_csv(folder / "claims.csv"), pd.read_csv(folder / "truth.csv")
        for index, row in added.iterrows():
            claimed = (claims["value"] == row["claimed"]) & (claims["category"] == row["category"])
            known = (truth["value"] == row["actual"]) & (truth["category"] == row["category"])
            if claimed.any() and known.any():
                found[index] = name
                assert load_conflict(name).cluster == row["cluster"], row
    assert added["folder"].dropna().to_dict() == found
    assert (added["folder"].notna() | added["source"].notna()).all()


def test_commands_take_their_names(lossmodel):
    result = lossmodel("check", "--conflict", "kargil1999")
    assert result.status == 0
    assert "19 in" in result.stdout
    listed = lossmodel("data", "list").stdout
    assert listed.index("russia-ukraine") < listed.index("past wars") < listed.index("kargil1999")
    wrong = lossmodel("check", "--conflict", "kargil")
    assert wrong.status == 2
    assert "Did you mean kargil1999?" in wrong.stderr
