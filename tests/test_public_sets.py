"""The shipped war beside the public sets that parts of it come from."""

import pandas as pd
import pytest

from benchmarks import shipped_data
from lossmodel.errors import LossModelError


def table(*rows: tuple[str, str, float]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["kind", "end", "value"])
    names = [f"c{number}" for number in range(len(found))]
    return found.assign(claim_id=names, claimant="a", party="b", category="tanks")


SET = table(
    ("cumulative", "2022-03-01", 10),
    ("cumulative", "2022-03-03", 12),
    ("correction", "2022-03-02", 1),
)


def test_a_total_is_that_of_the_last_day_on_which_it_rose() -> None:
    ours = table(
        ("cumulative", "2022-03-02", 10),
        ("cumulative", "2022-03-04", 12),
        ("correction", "2022-03-02", 1),
    )
    assert shipped_data.differences(ours, SET).empty


def test_another_value_and_a_day_without_one_differ() -> None:
    ours = table(
        ("cumulative", "2022-02-28", 9),
        ("cumulative", "2022-03-03", 11),
        ("correction", "2022-03-03", 1),
    )
    found = shipped_data.differences(ours, SET).set_index("claim_id")["found"]
    assert found["c1"] == 12
    assert found[["c0", "c2"]].isna().all()


def test_without_a_network_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise LossModelError("The address cannot be reached: no network.")

    monkeypatch.setattr(shipped_data, "fetch", refuse)
    assert shipped_data.main() == 3
    assert "needs the network" in capsys.readouterr().out
