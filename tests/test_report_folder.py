"""A report replaces what it wrote itself and nothing else, whatever a folder claims to be."""

import hashlib
import json

import pytest

from lossmodel.errors import LossModelError, UsageError
from lossmodel.report import folder as folders
from lossmodel.report.folder import check_replaceable, fresh_folder
from lossmodel.report.verify import _manifest_differences
from lossmodel.report.write import write_report
from tests.fakes import make_fit

OWN = {"fit.nc", "diagnostics.json", "provenance.json", "manifest.json"}


@pytest.fixture(scope="module")
def short():
    """A fit whose report has few files."""
    return make_fit(n_draws=20, passed=False)


@pytest.fixture
def report(short, tmp_path):
    return write_report(short, tmp_path / "report")


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.readlink()
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in folder.rglob("*")
    }


def refused(short, report, *words):
    before = contents(report.parent)
    with pytest.raises(UsageError) as error:
        check_replaceable(report)
    with pytest.raises(UsageError):
        write_report(short, report)
    assert error.value.exit_code == 2
    assert contents(report.parent) == before
    for word in words:
        assert word in str(error.value)


def relist(report, **files):
    manifest = json.loads((report / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"] |= files
    (report / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def entry(content):
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def test_the_manifest_names_every_file_with_its_hash_and_size(report):
    manifest = json.loads((report / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["format"] == 1
    assert set(manifest["files"]) == OWN - {"manifest.json"}
    for name, listed in manifest["files"].items():
        assert listed == entry((report / name).read_bytes())


@pytest.mark.parametrize(
    "name", ["thesis.txt", ".git/config", "tables/mine.tex", "report.aux", "fit.nc.bak", ".x"]
)
def test_files_of_the_user_keep_a_report_from_being_replaced(short, report, name):
    (report / name).parent.mkdir(exist_ok=True)
    (report / name).write_text("mine", encoding="utf-8")
    refused(short, report, "report", name.split("/")[0])


def test_an_empty_folder_of_the_user_counts_too(short, report):
    (report / "plans").mkdir()
    refused(short, report, "'plans/'")


def test_many_foreign_files_are_named_in_part_and_none_reaches_the_terminal(short, report):
    for name in ("a\x1b[31m", "b", "c", "d", "e"):
        (report / name).write_text("mine", encoding="utf-8")
    refused(short, report, r"'a\x1b[31m'", "'b', 'c' and 2 more")


def test_a_file_that_was_changed_since_is_the_users(short, report):
    (report / "diagnostics.json").write_text("mine", encoding="utf-8")
    refused(short, report, "'diagnostics.json' was changed since it was written")


def test_a_report_without_a_manifest_is_refused_with_what_to_do(short, report):
    (report / "manifest.json").unlink()
    refused(short, report, "manifest.json", "earlier versions", "give another name")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"written_by": "lossmodel", "format": 9}'])
def test_a_manifest_that_is_none_is_refused(short, report, text):
    (report / "manifest.json").write_text(text, encoding="utf-8")
    refused(short, report)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..\\x", "C:x", "", "a//b", "\x1bx"])
def test_a_manifest_with_an_unsafe_name_touches_nothing(short, report, name):
    (report.parent / "x").write_bytes(b"mine")
    relist(report, **{name: entry(b"mine")})
    refused(short, report, "manifest.json", repr(name))


@pytest.mark.parametrize("name", ["fit.nc", "figures", "manifest.json", "new"])
def test_links_out_of_the_folder_are_neither_followed_nor_removed(short, report, name):
    outside = report.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"fit")
    target = outside if name == "figures" else outside / "kept"
    if name == "manifest.json":
        target.write_bytes((report / name).read_bytes())
    (report / name).unlink(missing_ok=True)
    (report / name).symlink_to(target)
    if name != "manifest.json":
        relist(report, **{"figures/kept": entry(b"fit"), "new": entry(b"fit")})
    refused(short, report, name)


@pytest.mark.parametrize("late", [False, True])
def test_what_comes_while_a_report_is_written_is_not_lost(report, monkeypatch, late):
    def add():
        (report / "thesis.txt").write_text("mine", encoding="utf-8")

    if late:  # after the last look from outside
        check = folders.check_replaceable

        def slow(out):
            check(out)
            if (report.parent / "begun").exists():
                add()

        monkeypatch.setattr(folders, "check_replaceable", slow)
    before = contents(report)

    def write():
        with fresh_folder(report) as work:
            (work / "fit.nc").write_text("new", encoding="utf-8")
            (report.parent / "begun").touch()
            if not late:
                add()

    with pytest.raises(UsageError, match=r"'thesis\.txt'.* The new report is in .*report-new"):
        write()
    assert contents(report) == before | {"thesis.txt": b"mine"}
    (report.parent / "begun").unlink()
    assert {path.name for path in report.parent.iterdir()} == {"report", "report-new"}
    assert (report.parent / "report-new" / "fit.nc").read_text(encoding="utf-8") == "new"


def test_what_comes_after_the_last_look_is_kept_and_named(report, monkeypatch, caplog):
    remove = folders.remove_listed

    def late(earlier, listed):
        (earlier / "thesis.txt").write_text("mine", encoding="utf-8")
        return remove(earlier, listed)

    monkeypatch.setattr(folders, "remove_listed", late)
    with fresh_folder(report) as work:
        (work / "fit.nc").write_text("new", encoding="utf-8")
    assert contents(report).keys() == {"fit.nc", "manifest.json"}
    kept = report.parent / "report-earlier"
    assert contents(kept) == {"thesis.txt": b"mine"}
    assert str(kept) in caplog.text


def test_a_report_is_replaced_again_and_again(short, report):
    with fresh_folder(report) as work:
        (work / "figures").mkdir()
        (work / "figures" / "a.svg").write_text("old", encoding="utf-8")
    (report / "figures" / ".DS_Store").write_text("", encoding="utf-8")
    for _ in range(2):
        write_report(short, report)
    assert contents(report).keys() == OWN
    assert [path.name for path in report.parent.iterdir()] == ["report"]


def test_a_link_to_a_report_stays_a_link(short, report):
    link = report.parent / "link"
    link.symlink_to(report)
    write_report(short, link)
    assert link.is_symlink()
    assert contents(report).keys() == OWN


def test_verify_knows_files_that_it_does_not_read(report):
    assert list(_manifest_differences(report, read=[])) == []
    (report / "diagnostics.json").write_text("mine", encoding="utf-8")
    (report / "fit.nc").unlink()
    assert list(_manifest_differences(report, read=[])) == [
        "fit.nc is missing.",
        "diagnostics.json was changed since it was written.",
    ]
    assert list(_manifest_differences(report, read=["fit.nc", "diagnostics.json"])) == []


def test_a_way_back_within_the_name_is_no_way_to_lose_a_report(short, report):
    before = contents(report)
    again = write_report(short, report / ".." / "report")
    assert again.resolve() == report
    assert set(contents(report)) == set(before)
    assert [path.name for path in report.parent.iterdir()] == ["report"]


@pytest.mark.parametrize("name", ["x" * 300, "n\0x", "file/x"])
def test_a_folder_that_cannot_be_made_is_refused_before_the_fit(tmp_path, name):
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be"):
        check_replaceable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_link_that_leads_nowhere_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(UsageError, match="leads nowhere"):
        check_replaceable(tmp_path / "link")


def test_a_report_behind_a_link_is_made_beside_the_folder_itself(short, tmp_path):
    """A link may lead to another disk, to which a folder cannot be renamed."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "report").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "report")
    with fresh_folder(tmp_path / "link") as work:
        assert work.parent == tmp_path / "disk"
        (work / "fit.nc").write_text("x", encoding="utf-8")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "report" / "fit.nc").is_file()


def test_a_finished_report_is_kept_if_the_exchange_fails(short, report, monkeypatch):
    def broken(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(folders, "_swap", broken)
    with pytest.raises(LossModelError, match="The new report is in") as error:
        write_report(short, report)
    assert error.value.exit_code == 3
    assert set(contents(report.with_name("report-new"))) == set(contents(report))
