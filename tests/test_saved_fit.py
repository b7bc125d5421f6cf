"""A saved fit is text that others wrote: reading it writes nothing, and refuses odd names."""

import dataclasses
import io
import json
import os
import tempfile
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from lossmodel.api import fit, load_fit
from lossmodel.claims import load_claims
from lossmodel.conflict import load_conflict
from lossmodel.errors import UsageError
from lossmodel.inference.arviz import import_arviz
from lossmodel.model.density.density import Density
from lossmodel.posterior.citation import fit_hash
from lossmodel.posterior.container import (
    FORMAT,
    READABLE,
    checksum,
    read_group,
    read_sealed,
    seal,
)
from lossmodel.posterior.estimates import estimates_table
from lossmodel.posterior.fit import conflict_files, conflict_priors
from lossmodel.posterior.netcdf import fit_checksum
from lossmodel.report import compare_fits
from tests.fuzz.saved_fits import KINDS, corrupted, numbers_of, outcome
from tests.small_conflict import write_conflict

pytestmark = pytest.mark.usefixtures("without_weights")

KEY = ("germany", "aircraft", "all")
UNSAFE = [
    *("../planted", "../../planted", "sub/planted", "link/planted", "..\\planted", "a\\b"),
    *("C:planted", "C:\\planted", "..", ".", "", "nul\0", "\x1b[31mred"),
    "{outside}/planted",
]
UNKNOWN = [*UNSAFE, "planted.csv", "fit-priors.toml", "CLAIMS.CSV", "README.md"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    claims = load_claims(conflict="battle-of-britain")
    return fit(claims, engine="laplace", draws=40).save(tmp_path_factory.mktemp("fit") / "fit.nc")


def replant(source, target, *, files=None, **settings):
    """Copy a fit with other texts in it and a checksum that agrees with them."""
    arrays = read_group(read_sealed(source), "fit", source)
    for name, more in (("files", files or {}), ("settings", settings)):
        text = json.dumps(json.loads(arrays[name].item()) | more)
        arrays[name] = np.array(text, dtype=object)
    return rewritten(source, target, {name: arrays[name] for name in ("files", "settings")})


def rewritten(source, target, changes):
    """Copy a fit with other arrays in it, and with the seal and the checksum of a fit."""
    content = io.BytesIO(source.read_bytes())
    with h5py.File(content, "r+") as file:
        for name, values in changes.items():
            file["fit"][name][...] = values.item() if values.dtype == object else values
        file.attrs["sha256"] = checksum(read_group(read_sealed(source), "fit", source) | changes)
    target.write_bytes(seal(content.getvalue()))
    return target


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A reader's disk: a current folder, a temporary one and another, each with a way out."""
    for name in ("here", "temporary", "outside"):
        (tmp_path / name).mkdir()
    for name in ("here", "temporary"):
        (tmp_path / name / "link").symlink_to(tmp_path / "outside")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def listing(folder):
    return sorted(
        (str(path), path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    )


@pytest.mark.parametrize("name", UNKNOWN, ids=range(len(UNKNOWN)))
def test_a_planted_file_is_refused_and_not_written(saved, disk, name):
    name = name.format(outside=disk / "outside")
    planted = replant(saved, disk / "fit.nc", files={name: "planted"})
    before = listing(disk)
    with pytest.raises(UsageError, match=r"fit\.nc") as refused:
        load_fit(planted)
    assert refused.value.exit_code == 2
    assert repr(name) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert listing(disk) == before


@pytest.mark.parametrize("name", UNSAFE, ids=range(len(UNSAFE)))
def test_a_conflict_with_the_name_of_a_path_is_refused(saved, disk, name):
    name = name.format(outside=disk / "outside")
    planted = replant(saved, disk / "fit.nc", conflict=name)
    before = listing(disk)
    with pytest.raises(UsageError, match=r"fit\.nc") as refused:
        load_fit(planted)
    assert repr(name) in str(refused.value)
    assert listing(disk) == before


@pytest.mark.parametrize("files", [{"claims.csv": 3}, {"claims.csv": None}])
def test_a_file_that_is_no_text_is_refused(saved, disk, files):
    with pytest.raises(UsageError, match=r"fit\.nc"):
        load_fit(replant(saved, disk / "fit.nc", files=files))


def test_half_a_character_is_a_problem_of_the_table(saved, disk):
    with pytest.raises(UsageError.__base__, match=r"claims\.csv"):
        load_fit(replant(saved, disk / "fit.nc", files={"claims.csv": "claim_id\n\ud800\n"}))


@pytest.mark.parametrize(
    "command",
    [
        ["query", "killed", "germany", "--fit", "{fit}"],
        *(
            pytest.param(command, marks=pytest.mark.slow)
            for command in (
                ["report", "--fit", "{fit}", "--out", "{here}/report"],
                ["compare", "{fit}", "{fit}"],
                ["verify", "{folder}"],
                ["cite", "--fit", "{fit}"],
            )
        ),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("what", ["file", "conflict"])
def test_every_command_that_reads_a_fit_refuses_it(saved, disk, run_python, command, what):
    (disk / "folder").mkdir()
    target = str(disk / "outside" / "planted")
    options = {"files": {target: "x"}} if what == "file" else {"conflict": target}
    planted = replant(saved, disk / "folder" / "fit.nc", **options)
    places = {"fit": planted, "folder": disk / "folder", "here": disk / "here"}
    before = listing(disk)
    words = [word.format(**places) for word in command]
    ended = run_python("-m", "lossmodel", *words, cwd=disk / "here")
    assert ended.returncode == 2
    assert "fit.nc" in ended.stderr
    assert repr(target) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert listing(disk) == before


@pytest.mark.slow
def test_reading_a_good_fit_writes_nothing(saved, disk, run_python):
    before = listing(disk)
    code = f"import lossmodel as lm; print(lm.load_fit({str(saved)!r}).conflict.name)"
    ended = run_python("-c", code, cwd=disk / "here")
    assert ended.stdout == "battle-of-britain\n"
    assert listing(disk) == before


def test_neither_reading_nor_saving_needs_a_temporary_folder(saved, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a temporary file or folder was asked for")

    for name in ("mkdtemp", "mkstemp", "TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile"):
        monkeypatch.setattr(tempfile, name, refuse)
    load_fit(saved).save(tmp_path / "again.nc")


def test_a_fit_from_disk_does_not_look_into_the_readers_folders(saved, disk):
    # A folder of the conflict's name where the reader works is another one.
    mine = disk / "here" / "battle-of-britain"
    mine.mkdir()
    (mine / "conflict.toml").write_text("title = 'mine'", encoding="utf-8")
    (mine / "priors.toml").write_text("not = toml = at all", encoding="utf-8")
    again = load_fit(saved)
    assert conflict_files(again.conflict) == again.inputs
    assert len(conflict_priors(again.conflict)) == len(again.priors)


@pytest.mark.slow
def test_a_fit_of_a_loaded_fits_claims_keeps_its_inputs(saved):
    again = load_fit(saved)
    twice = fit(again.claims, engine="laplace", draws=40)
    assert twice.inputs == again.inputs
    assert twice.priors.to_toml() == again.priors.to_toml()
    np.testing.assert_allclose(twice.daily(*KEY), again.daily(*KEY), rtol=1e-4)
    assert load_claims(conflict=again.conflict).sha256.keys() == again.claims.sha256.keys()
    assert "Claims that differ: none" in compare_fits(again, twice)


@pytest.mark.slow
def test_the_names_of_the_claims_and_their_hashes_survive_every_saving(tmp_path):
    origin = load_conflict("battle-of-britain")
    mine = tmp_path / "mine.csv"
    mine.write_bytes((origin.directory / "claims.csv").read_bytes())
    first = fit(load_claims(mine, conflict=origin), engine="laplace", draws=40)
    again = load_fit(first.save(tmp_path / "fit.nc"))
    twice = load_fit(again.save(tmp_path / "again.nc"))
    for fitted in (again, twice):
        assert fitted.claims.sha256 == first.claims.sha256
        assert fitted.claims.path.name == "mine.csv"
        assert fitted.conflict.name == "battle-of-britain"


def test_only_the_files_of_a_conflict_are_kept(tmp_path):
    folder = write_conflict(tmp_path / "mine")
    (folder / "diary.csv").write_text("private", encoding="utf-8")
    (folder / "secrets.toml").write_text("private", encoding="utf-8")
    conflict = load_conflict(folder)
    assert set(conflict_files(conflict)) <= {
        *("conflict.toml", "claimants.csv", "streams.csv", "sources.csv", "truth.csv"),
        "priors.toml",
    }
    assert "conflict.toml" in conflict_files(conflict)


def test_a_conflict_with_an_odd_name_cannot_be_kept(saved, tmp_path):
    again = load_fit(saved)
    again = dataclasses.replace(again, conflict=dataclasses.replace(again.conflict, name="a\\b"))
    with pytest.raises(UsageError, match="'a"):
        again.save(tmp_path / "again.nc")
    assert not Path(tmp_path / "again.nc").exists()
    assert os.listdir(tmp_path) == []


def names_of(saved):
    with h5py.File(saved) as file:
        return [f"{group}/{name}" for group in file for name in file[group]]


def is_variable(data):
    return not bytes(data.attrs.get("NAME", b"")).startswith(b"This is a netCDF dimension but not")


def test_any_other_value_or_text_is_refused(saved, tmp_path):
    target = tmp_path / "fit.nc"
    changed = 0
    for name in names_of(saved):
        target.write_bytes(saved.read_bytes())
        with h5py.File(target, "r+") as file:
            data = file[name]
            if not is_variable(data) or not data.size:
                continue
            values = np.atleast_1d(data[()])
            last = values.ravel()[-1:]
            # The smallest change that the type allows; of a text its last letter.
            last[0] = last[0][:-1] + b"?" if data.dtype == object else flipped(last)[0]
            data[()] = values.reshape(data.shape) if data.shape else values[0]
        changed += 1
        with pytest.raises(UsageError, match=r"fit\.nc is not read: .* checksum") as refused:
            load_fit(target)
        assert refused.value.exit_code == 2
        assert "\n" not in str(refused.value)
    assert changed > 20


def flipped(value):
    """The same number with its last bit the other way round."""
    bits = value.view(f"u{value.dtype.itemsize}")
    return (bits ^ bits.dtype.type(1)).view(value.dtype)


@pytest.mark.parametrize("change", ["rename", "remove", "add"])
def test_other_variables_are_refused(saved, tmp_path, change):
    target = tmp_path / "fit.nc"
    target.write_bytes(saved.read_bytes())
    with h5py.File(target, "r+") as file:
        group = file["fit"]
        if change == "add":
            group["more"] = 1.0
        if change == "rename":
            group.move("aircraft_mode", "tanks_mode")
        if change == "remove":
            del group["priors"]
    with pytest.raises(UsageError, match="checksum"):
        load_fit(target)


@pytest.mark.slow
def test_a_broken_file_is_refused_in_words_or_has_the_same_numbers(saved, tmp_path):
    rng = np.random.default_rng(20220224)
    good = numbers_of(saved)
    # Damage often, because that is what happens; each other kind once.
    kinds = [*KINDS, *["flipped bit", "zeroed page", "cut short"] * 9]
    assert len(kinds) == 40
    found = {f"{kind}: {outcome(corrupted(saved, rng, kind)[1], good, tmp_path)}" for kind in kinds}
    raw = ("flipped bit", "zeroed page", "cut short", "lengthened", "another file")
    assert {f"{kind}: refused" for kind in raw} <= found
    assert {what.split(": ")[1] for what in found} <= {"refused", "the same"}


def test_damage_does_not_reach_the_parser(saved, tmp_path, monkeypatch):
    def parse(*_, **__):
        raise AssertionError("HDF5 was asked to read a damaged file")

    monkeypatch.setattr(h5py, "File", parse)
    whole = saved.read_bytes()
    middle = len(whole) // 2
    target = tmp_path / "fit.nc"
    for broken in (whole[:middle] + bytes(4096) + whole[middle + 4096 :], whole[:middle], b""):
        target.write_bytes(broken)
        with pytest.raises(UsageError, match=r"fit\.nc is not read: .* checksum"):
            load_fit(target)


@pytest.mark.parametrize("format", ["before", "after"])
def test_a_fit_in_another_format_is_refused_in_one_sentence(saved, tmp_path, format):
    other = tmp_path / "fit.nc"
    if format == "before":
        with h5py.File(other, "w") as file:
            file["input_settings"] = json.dumps({"format": 3, "conflict": "x"})
        words = "made by an older version .* fit the claims anew"
    else:
        now, then = f"format {FORMAT}, ".encode(), f"format {FORMAT + 1}, ".encode()
        other.write_bytes(saved.read_bytes().replace(now, then))
        words = rf"fit in format {FORMAT + 1}, .* reads the formats 5 and {FORMAT}: fit the claims"
    with pytest.raises(UsageError, match=words) as refused:
        load_fit(other)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)


def test_the_hash_is_that_of_the_content_in_memory_and_in_every_file(saved, tmp_path):
    fitted = load_fit(saved)
    with h5py.File(saved) as file:
        assert file.attrs["sha256"] == fit_hash(fitted)
    with h5py.File(fitted.save(tmp_path / "again.nc")) as file:
        assert file.attrs["sha256"] == fit_hash(fitted)
    assert fit_hash(load_fit(tmp_path / "again.nc")) == fit_hash(fitted)
    others = ({"ci_prob": 0.9}, {"seed": 2}, {"provenance": fitted.provenance | {"seed": 2}})
    hashes = {fit_hash(dataclasses.replace(fitted, **other)) for other in others}
    assert len(hashes | {fit_hash(fitted)}) == 4


def test_a_file_of_something_else_is_refused(tmp_path):
    other = tmp_path / "fit.nc"
    with h5py.File(other, "w") as file:
        file["temperature"] = [1.0, 2.0]
    with pytest.raises(UsageError, match="or is no fit at all"):
        load_fit(other)
    other.write_bytes(seal(other.read_bytes()))
    with pytest.raises(UsageError, match="is not a fit of lossmodel"):
        load_fit(other)


GROUPS = {
    *("posterior", "prior", "posterior_predictive", "log_likelihood", "observed_data"),
    *("constant_data", "sample_stats"),
}


def test_other_programs_see_the_groups(saved):
    fitted = load_fit(saved)
    # Found out by its first bytes; the seal at its end does not matter.
    with xr.open_datatree(saved) as tree:
        assert set(tree.children) == GROUPS | {"fit"}
        assert tree.attrs["inference_library"] == "lossmodel"
        draws = tree["posterior"]["aircraft_log_rate_germany"]
        assert draws.dims == ("chain", "draw", "aircraft_log_rate_germany_day")
        own = fitted.draws["aircraft_log_rate_germany"]
        np.testing.assert_allclose(draws, own, rtol=1e-6)
        knots = draws["aircraft_log_rate_germany_day"].to_index()
        assert knots.equals(own["aircraft_log_rate_germany_day"].to_index())
        assert fitted.days[0] in knots
        for name, (party, category, _) in zip(
            ("aircraft germany", "aircraft britain"), fitted.series, strict=True
        ):
            total = tree["posterior"]["total"].sel(series=name).median().item()
            row = fitted.estimate(category, party).iloc[-1]
            assert total == pytest.approx(row["median"], rel=1e-6)
        figures = tree["observed_data"]["aircraft_log1p_figure"]
        terms = fitted.terms[fitted.terms["form"] != "interval"]
        np.testing.assert_allclose(np.expm1(figures), terms["value"], rtol=1e-12)
        assert figures["aircraft_observation"].to_numpy().tolist() == terms["term"].tolist()
        known = tree["constant_data"]
        assert known["observation"].to_numpy().tolist() == fitted.terms["term"].tolist()
        np.testing.assert_array_equal(known["value"], fitted.terms["value"])
        assert known["claimant"].to_numpy().tolist() == fitted.terms["claimant"].tolist()
        last = [days[-1][1] for days in fitted.terms["days"]]
        assert known["last_day"].to_index().tolist() == last
        assert tree["sample_stats"]["submodel"].to_numpy().tolist() == ["aircraft"]


def test_figures_drawn_anew_are_those_that_the_fit_expects(saved):
    fitted = load_fit(saved)
    with xr.open_datatree(saved) as tree:
        drawn = tree["posterior_predictive"]["aircraft_log1p_figure"].load()
        published = tree["observed_data"]["aircraft_log1p_figure"].load()
    below = (drawn < published).mean(["chain", "draw"])
    below += (drawn == published).mean(["chain", "draw"]) / 2
    terms = fitted.terms.set_index("term").loc[below["aircraft_observation"].to_numpy()]
    known = terms["pit"].notna().to_numpy()
    # Each share has the Monte Carlo error of 40 draws.
    error = np.sqrt(terms["pit"] * (1 - terms["pit"]) / drawn.sizes["draw"]).to_numpy()
    off = (below.to_numpy() - terms["pit"].to_numpy())[known] / np.maximum(error, 0.02)[known]
    assert known.sum() > 20
    assert np.sqrt((off**2).mean()) < 1.5


@pytest.mark.slow
def test_arviz_works_with_the_file(saved):
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    arviz = import_arviz()
    fitted = load_fit(saved)
    data = arviz.from_netcdf(saved)
    memory = fitted.to_arviz()
    for found in (data, memory):
        with warnings.catch_warnings():
            # One chain of independent draws has no R-hat, which ArviZ 0 notes.
            warnings.simplefilter("ignore")
            table = arviz.summary(found, var_names=["total"])
            arviz.plot_trace(found, var_names=["total"])
            plot = getattr(arviz, "plot_ppc_dist", None) or arviz.plot_ppc
            plot(found)
            log_likelihood = found["log_likelihood"]["aircraft_log1p_figure"]
            elpd = arviz.loo(found, var_name="aircraft_log1p_figure")
        plt.close("all")
        assert list(table.index) == ["total[aircraft germany]", "total[aircraft britain]"]
        mean = fitted.estimate("aircraft", "germany").iloc[-1]["mean"]
        assert float(table["mean"].iloc[0]) == pytest.approx(mean, rel=0.01)
        assert log_likelihood.dims[:2] == ("chain", "draw")
        assert np.isfinite(getattr(elpd, "elpd", None) or elpd.elpd_loo)


def test_a_file_of_the_format_before_is_read(saved, tmp_path):
    now, then = f"format {FORMAT}, ".encode(), f"format {FORMAT - 1}, ".encode()
    earlier = tmp_path / "fit.nc"
    earlier.write_bytes(saved.read_bytes().replace(now, then))
    assert FORMAT - 1 in READABLE
    assert fit_hash(load_fit(earlier)) == fit_hash(load_fit(saved))


GATE = {"passed": True, "failures": [], "doubts": []}
BROKEN_SETTINGS = [
    {"submodels": {"aircraft": {"engine": 1e400, "diagnostics": {}}}},
    {"diagnostics": {"engine": "laplace", "findings": [5], "gate": GATE}},
    {"diagnostics": {"engine": "laplace", "findings": [], "gate": GATE | {"failures": [5.0]}}},
    {"components": None},
    {"sha256": 5},
    {"submodels": {"aircraft": {}}},
    {"submodels": {}},
    {"as_of": "yesterday"},
    {"ci_prob": 5},
    {"ci_prob": None},
    {"diagnostics": None, "submodels": None},
]


@pytest.mark.parametrize("settings", BROKEN_SETTINGS, ids=map(str, BROKEN_SETTINGS))
def test_settings_that_no_fit_has_are_refused(saved, tmp_path, settings):
    with pytest.raises(UsageError, match="is not a fit of lossmodel") as error:
        load_fit(replant(saved, tmp_path / "fit.nc", **settings))
    assert error.value.exit_code == 2


@pytest.mark.parametrize("name", ["aircraft_theta", "aircraft_mode", "aircraft_covariance_root"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_draws_that_are_not_finite_are_refused(saved, tmp_path, name, value):
    values = read_group(read_sealed(saved), "fit", saved)[name].copy()
    values.flat[3] = value
    target = rewritten(saved, tmp_path / "fit.nc", {name: values})
    with pytest.raises(UsageError, match="not finite"):
        load_fit(target)


def test_a_fit_by_another_version_of_the_model_is_refused(saved, monkeypatch):
    assert load_fit(saved).submodels
    # As many unknowns, of other meaning.
    right = Density.__call__
    monkeypatch.setattr(Density, "__call__", lambda self, theta: right(self, theta[..., ::-1]))
    with pytest.raises(UsageError, match=r"another version of the model \(log density of aircraft"):
        load_fit(saved)


@pytest.mark.slow
def test_the_least_trust_of_a_fit_is_kept(saved, tmp_path):
    claims = load_claims(conflict="battle-of-britain")
    careful = fit(claims, engine="laplace", draws=40, trust="first-hand")
    path = careful.save(tmp_path / "careful.nc")
    assert load_fit(path).evidence.trust == "first-hand"
    assert load_fit(path).provenance["options"]["trust"] == "first-hand"
    assert load_fit(saved).evidence.trust == "doubtful"
    with pytest.raises(UsageError, match="is not a fit"):
        load_fit(replant(saved, tmp_path / "odd.nc", trust="hearsay"))


def test_a_fit_from_the_cache_is_that_from_its_file(saved, monkeypatch, tmp_path):
    """Questions, tables and checksum are equal; a file that was changed is not answered from it."""
    monkeypatch.setenv("LOSSMODEL_CACHE", str(tmp_path / "cache"))
    cold = load_fit(saved, cache=True)
    with monkeypatch.context() as patch:
        patch.setattr("lossmodel.posterior.built_fits.built", lambda *_: pytest.fail("built anew"))
        warm = load_fit(saved, cache=True)
    assert fit_checksum(warm) == fit_checksum(cold)
    assert estimates_table(warm).equals(estimates_table(cold))
    # What the file has is not kept twice.
    (entry,) = (tmp_path / "cache").rglob("*.pickle")
    submodel = warm.submodels["aircraft"]
    for array in (submodel.posterior.theta, submodel.prior.theta, submodel.laplace.covariance_root):
        assert array.tobytes() in saved.read_bytes()
        assert array.tobytes() not in entry.read_bytes()
    damaged = tmp_path / "damaged.nc"
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(UsageError, match="changed or damaged"):
        load_fit(damaged, cache=True)
