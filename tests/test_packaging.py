"""What the project says about itself: metadata, recipe, image, archives."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import lossmodel
from tests.check_dist import DistError, check_sdist, refuse

yaml = pytest.importorskip("yaml")

# Names on conda-forge where they differ from those of PyPI: matplotlib without a toolkit for
# windows, and the Python module of typst.
ON_CONDA = {"matplotlib": "matplotlib-base", "typst": "typst-py"}
# All that the checkout holds at its top: what is tried out beside it is not part of the project.
TOP_LEVEL = {
    ".ci", ".dockerignore", ".gitattributes", ".gitignore", ".pre-commit-config.yaml",
    "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "Dockerfile", "LICENSE", "Makefile",
    "README.md", "SECURITY.md", "benchmarks", "conftest.py", "constraints.txt", "data", "docs",
    "lossmodel", "notebooks", "paper", "pyproject.toml", "recipe", "tests",
}  # fmt: skip
PLACEHOLDER = re.compile(
    r"example\.(com|net)|\byour-?(name|org|user|email)\b|github\.com/(user|org|owner|lossmodel)\b"
    r"|<(owner|org|user|url)>|\bTODO\b|\bFIXME\b|10\.5281/zenodo\.(0+|X+)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def recipe(root):
    return yaml.safe_load((root / "recipe" / "meta.yaml").read_text(encoding="utf-8"))


def test_nothing_else_stands_at_the_top(root):
    if not (root / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no checkout of git")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert {name.partition("/")[0] for name in filter(None, listed.split("\0"))} == TOP_LEVEL


def test_the_recipe_needs_what_the_project_needs(project, recipe):
    needed = {f"python {project['requires-python']}"}
    for line in project["dependencies"]:
        name, bound = re.fullmatch(r"([\w.-]+)(>=[\d.]+)", line).groups()
        needed.add(f"{ON_CONDA.get(name, name)} {bound}")
    assert set(recipe["requirements"]["run"]) == needed


def test_the_recipe_builds_as_the_project_does(root, project, recipe):
    system = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    backend = {line.replace(">=", " >=") for line in system["requires"]}
    assert set(recipe["requirements"]["host"]) == backend | {
        f"python {project['requires-python']}", "pip"
    }  # fmt: skip
    scripts = [f"{name} = {target}" for name, target in project["scripts"].items()]
    assert recipe["build"]["entry_points"] == scripts
    assert recipe["build"]["noarch"] == "python"
    assert recipe["package"] == {"name": project["name"], "version": lossmodel.__version__}
    assert recipe["about"]["summary"] == project["description"]
    assert recipe["about"]["license"] == project["license"]
    assert (root / "recipe" / recipe["source"]["path"]).resolve() == root
    assert (root / recipe["about"]["license_file"]).is_file()


def test_versions_of_python_are_those_that_the_project_allows(project):
    named = [c.rpartition(" ")[2] for c in project["classifiers"] if "Python :: 3." in c]
    assert named == [f"3.{minor}" for minor in range(11, 15)]
    assert project["requires-python"] == f">={named[0]}"


def test_extras_that_are_named_exist_and_hang_together(root, project):
    extras = project["optional-dependencies"]
    named = set()
    for folder in ("lossmodel", "docs", "benchmarks"):
        for path in (root / folder).rglob("*"):
            if path.suffix in {".py", ".md"}:
                named |= set(re.findall(r"lossmodel\[(\w+)\]", path.read_text(encoding="utf-8")))
    assert "cluster" in named
    assert named <= set(extras)
    # One bound per package, and the tests try what users can install.
    bounds = {}
    for line in [line for lines in [*extras.values(), project["dependencies"]] for line in lines]:
        package, _, bound = line.partition(">=")
        assert bounds.setdefault(package, bound) == bound, package
    assert set(extras["cluster"]) <= set(extras["test"])


def test_constraints_have_every_package_that_is_asked_for(root, project):
    held = (root / "constraints.txt").read_text(encoding="utf-8")
    names = {line.partition("==")[0].lower() for line in held.splitlines()}
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["test"], *extras["docs"]]
    assert [n for n in (line.partition(">=")[0] for line in asked) if n not in names] == []


def test_nothing_public_is_a_placeholder(root, project):
    assert not any(PLACEHOLDER.search(str(url)) for url in project.get("urls", {}).values())
    pages = [
        root / name for name in ("README.md", "CITATION.cff", "CONTRIBUTING.md", "SECURITY.md")
    ]
    pages += [root / "pyproject.toml", root / "recipe" / "meta.yaml", root / "Dockerfile"]
    pages += [*(root / "docs").rglob("*.md"), *(root / "paper").glob("*.tex")]
    pages += [p for p in (root / "lossmodel" / "report").rglob("*") if p.suffix in {".py", ".html"}]
    for page in pages:
        found = PLACEHOLDER.search(page.read_text(encoding="utf-8"))
        assert found is None, (page.name, found[0])


def test_the_citation_file_is_of_this_version(root, project):
    cited = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(cited["version"]) == lossmodel.__version__
    assert cited["license"] == project["license"]
    assert [author["name"] for author in cited["authors"]] == [
        a["name"] for a in project["authors"]
    ]


def instructions(text):
    """Instructions of a Dockerfile, with continued lines joined, by stage."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line.split(None, 1) for line in joined.splitlines() if line and line[0] != "#"]
    stages = []
    for word, rest in lines:
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest))
    return stages


def test_the_image_is_small_is_built_from_the_wheel_and_is_no_root(root, project):
    build, final = instructions((root / "Dockerfile").read_text(encoding="utf-8"))
    python = re.fullmatch(r"python:(3\.\d+)-slim AS build", build[0][1])[1]
    assert f"Programming Language :: Python :: {python}" in project["classifiers"]
    assert final[0] == ("FROM", f"python:{python}-slim")
    words = dict(final)
    order = [word for word, _ in final]
    assert words["USER"] not in ("root", "0")
    assert f" {words['USER']} " in words["RUN"]
    assert order.index("RUN") < order.index("USER") < order.index("ENTRYPOINT")
    assert words["ENTRYPOINT"] == '["lossmodel"]'
    assert any("pip wheel" in rest and "--no-deps" in rest for word, rest in build if word == "RUN")
    assert "--from=build /wheels" in " ".join(rest for word, rest in final if word == "COPY")
    assert "--no-cache-dir" in words["RUN"]
    for word, rest in final:
        if word == "COPY" and "--from" not in rest:
            assert all((root / name).exists() for name in rest.split()[:-1])


def test_the_image_sees_only_what_the_wheel_is_made_of(root):
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert kept == {
        "LICENSE",
        "README.md",
        "constraints.txt",
        "data",
        "lossmodel",
        "pyproject.toml",
    }
    assert all((root / name).exists() for name in kept)


@pytest.mark.parametrize(
    "name",
    [
        "tests/__pycache__/a.py",
        "lossmodel/a.pyc",
        ".hypothesis/x",
        "docs/_build/a.html",
        "a.egg-info/b",
    ],
)
def test_what_an_archive_must_not_have_is_refused(name):
    with pytest.raises(DistError, match=re.escape(name)):
        refuse(["README.md", name])
    refuse(["README.md", ".gitignore", "paper/.gitignore"])


def test_an_sdist_without_its_data_is_refused(root, project):
    with pytest.raises(DistError, match="data"):
        check_sdist(["PKG-INFO", "README.md", "LICENSE", "pyproject.toml", "lossmodel/__init__.py"])


def test_the_makefile_names_its_targets_once(root):
    text = (root / "Makefile").read_text(encoding="utf-8")
    phony = (
        re.search(r"^\.PHONY:((?:.*\\\n)*.*)", text, re.MULTILINE)[1].replace("\\\n", " ").split()
    )
    targets = re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE)
    assert sorted(phony) == sorted(targets)
    assert Path(root / "tests" / "check_dist.py").is_file()
