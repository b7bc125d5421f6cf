"""Each thing that makes a machine slow is put in place; the doctor names it and the cure."""

import subprocess
import sys
import tomllib

import pytest
import threadpoolctl

from lossmodel.cli import doctor
from lossmodel.inference.sampling import SAMPLERS

CHAINS = SAMPLERS["nuts"].chains


def found(topic):
    return next(finding for finding in doctor.examine() if finding.topic == topic)


def test_an_old_package_is_named_with_what_is_needed(monkeypatch, root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    monkeypatch.setattr(doctor, "requires", lambda _: project["dependencies"])
    monkeypatch.setattr(doctor, "version", lambda name: "4.9.1" if name == "pymc" else "999.1")
    old = found("pymc")
    assert old.verdict == "slow"
    assert "4.9.1" in old.found
    assert "'pymc>=5" in old.remedy
    assert found("numpy").verdict == "good"


def test_ten_is_newer_than_nine():
    assert doctor._parts("5.10.2") > doctor._parts("5.9")
    assert doctor._parts("6.0.0rc1") >= doctor._parts("6.0")


def test_a_package_that_is_missing_is_broken(monkeypatch):
    def version(name):
        if name == "arviz":
            raise doctor.PackageNotFoundError(name)
        return "999.1"

    monkeypatch.setattr(doctor, "version", version)
    assert found("arviz").verdict == "broken"
    assert found("arviz").remedy.endswith("pip install arviz")


@pytest.mark.parametrize(("cores", "verdict"), [(CHAINS - 1, "slow"), (CHAINS, "good")])
def test_fewer_cores_than_chains(monkeypatch, cores, verdict):
    monkeypatch.setattr(doctor, "_usable_cores", lambda: cores)
    assert found("cores").verdict == verdict


@pytest.mark.parametrize(("load", "verdict"), [(7.0, "slow"), (0.1, "good")])
def test_a_busy_machine(monkeypatch, load, verdict):
    monkeypatch.setattr(doctor.os, "getloadavg", lambda: (load, load, load), raising=False)
    monkeypatch.setattr(doctor, "_usable_cores", lambda: 4)
    assert found("load").verdict == verdict


@pytest.mark.parametrize(("gib", "verdict"), [(0.5, "slow"), (8.0, "good")])
def test_little_memory(monkeypatch, gib, verdict):
    sizes = {"SC_AVPHYS_PAGES": int(gib * 2**30), "SC_PAGE_SIZE": 1}
    monkeypatch.setattr(doctor.os, "sysconf", sizes.__getitem__, raising=False)
    assert found("memory").verdict == verdict


@pytest.mark.parametrize(("threads", "verdict"), [(3, "slow"), (2, "good")])
def test_one_thread_of_blas_too_many(monkeypatch, threads, verdict):
    pool = {"user_api": "blas", "internal_api": "openblas", "num_threads": threads}
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: [pool])
    monkeypatch.setattr(doctor, "_usable_cores", lambda: 2)
    blas = found("BLAS")
    assert blas.verdict == verdict
    assert ("OMP_NUM_THREADS=2" in blas.remedy) == (verdict == "slow")


def test_threads_that_fight_are_told_from_slow_cores(monkeypatch):
    def seconds(*times):
        answers = iter(times)
        monkeypatch.setattr(doctor, "_cholesky_seconds", lambda: next(answers))
        return found("linear algebra")

    assert "OMP_NUM_THREADS=1" in seconds(0.5, 0.05).remedy
    assert "busy or throttled" in seconds(0.5, 0.4).remedy
    assert seconds(0.02, 0.02).verdict == "good"


def test_no_place_for_compiled_code(monkeypatch):
    monkeypatch.setattr(doctor, "_is_writable", lambda folder: False)
    assert found("compiled code").remedy == "export NUMBA_CACHE_DIR=FOLDER"
    assert "base_compiledir" in found("PyTensor cache").remedy
    assert found("PyTensor cache").verdict == "slow"
    assert found("current folder").verdict == "broken"


def test_a_folder_that_is_not_there_yet_can_be_made(tmp_path):
    assert doctor._is_writable(tmp_path / "not" / "there" / "yet")
    assert list(tmp_path.iterdir()) == []


def test_every_fault_has_a_cure():
    for finding in doctor.examine():
        assert finding.found
        assert finding.verdict == "good" or finding.remedy


@pytest.mark.slow
def test_the_doctor_does_not_wait_for_pymc():
    code = (
        "import sys, lossmodel.cli.doctor as d; d.examine();"
        " print({'pymc', 'nutpie'} & {*sys.modules})"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
