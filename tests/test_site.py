"""The sources of the documentation site: nothing is left out, and every link leads somewhere.

The built site is checked by `make docs`.
"""

import inspect
import re
from pathlib import Path

import pytest

import lossmodel
from docs.tools import generate, links
from lossmodel.model.components import Components

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if "generated" not in p.parts)
TEXTS = [*PAGES, *ROOT.glob("*.md"), *(ROOT / "data").rglob("README.md")]
# Folders that the build fills.
MADE = ("generated/",)


def anchors(file):
    """Anchors of the headings of a page, as GitHub and MyST make them."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?s)```.*?```", "", file.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


def local_links(file):
    text = re.sub(r"(?s)```.*?```|`[^`\n]*`", "", file.read_text("utf-8"))
    found = re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", text)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("file", TEXTS, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_links_of_texts_lead_somewhere(file):
    for link in local_links(file):
        path, _, anchor = link.partition("#")
        if any(made in path for made in MADE):
            path = path.replace("../", "").replace("generated/", "../")
            assert (DOCS / path).is_file(), link
            continue
        target = (file.parent / path) if path else file
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_is_in_a_table_of_contents():
    listed = {DOCS / "index.md"}
    for page in PAGES:
        for block in re.findall(r"(?s)```\{toctree\}(.*?)```", page.read_text("utf-8")):
            for entry in re.findall(r"(?m)^[\w./*-]+$", block):
                listed |= set(page.parent.glob(f"{entry}.md"))
    assert set(PAGES) <= listed


def test_the_page_of_commands_has_them_all():
    import typer

    from lossmodel.cli.app import app

    text = generate.commands()
    commands = typer.main.get_command(app).commands
    assert commands
    for name, command in commands.items():
        assert f"## `lossmodel {name}`" in text or command.hidden
        options = [option for p in command.params for option in p.opts if option.startswith("--")]
        assert all(option in text for option in options if option != "--help")


def test_other_made_parts_are_whole():
    api, components = generate.api(), generate.components()
    assert all(f"   {name}\n" in api for name in lossmodel.__all__)
    assert all(f"`{name}`\n: " in components for name in Components.names())
    assert "mu_p(t) = exp(level + walk)" in generate.equations()
    assert "First estimates" in generate.changes("Estimates")
    assert "First model" in generate.changes("Model changes")


def public_functions():
    for name in lossmodel.__all__:
        public = getattr(lossmodel, name)
        yield name, public
        if inspect.isclass(public):
            for key, value in inspect.getmembers(public, inspect.isroutine):
                ours = str(getattr(value, "__module__", "")).startswith("lossmodel")
                if ours and not key.startswith("_"):
                    yield f"{name}.{key}", value


@pytest.mark.parametrize(("name", "public"), list(public_functions()))
def test_every_public_name_has_an_example(name, public):
    assert ">>> " in (inspect.getdoc(public) or "")


def test_a_broken_site_is_found_out(tmp_path):
    image = '<img src="a.svg" alt="a.svg">'
    (tmp_path / "a.svg").write_text("<svg/>")
    (tmp_path / "b.html").write_text("<h1 id='top-of-b'>b</h1>")
    (tmp_path / "index.html").write_text(
        f"{image}<a href='b.html#top-of-b'>good</a><a href='c.html'>bad</a>"
        "<a href='b.html#nowhere'>bad</a><script src='https://example.org/x.js'></script>"
        "<a href='https://example.org'>elsewhere</a>"
    )
    assert list(links.problems(tmp_path)) == [
        "index.html: a figure without a description: a.svg",
        "index.html: c.html: there is no such file",
        "index.html: b.html#nowhere: there is no such place on the page",
        "index.html: is fetched from the network: https://example.org/x.js",
    ]
