"""Pages and parts of pages that are made from the package, so that they cannot fall behind it."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import lossmodel

ROOT = Path(__file__).resolve().parents[2]


def write_all(folder: Path) -> None:
    """Write `folder`: notebooks, and the parts that pages of `docs/` include."""
    parts = {
        "commands": commands(),
        "api": api(),
        "components": components(),
        "equations": equations(),
        "estimates": changes("Estimates"),
        "model-changes": changes("Model changes"),
        "wars": wars(),
    }
    for name, text in parts.items():
        _write(folder / "parts" / f"{name}.md", text)
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        _write(folder / "notebooks" / notebook.name, notebook.read_text("utf-8"))


def write_stubs(folder: Path, app: Any) -> None:
    """Write a page for each public name, and remove those of names that are no more."""
    from sphinx.ext.autosummary.generate import generate_autosummary_docs

    place = folder / "api"
    for page in place.glob("*.rst"):
        if page.stem.removeprefix("lossmodel.") not in lossmodel.__all__:
            page.unlink()
    generate_autosummary_docs([str(folder / "parts" / "api.md")], str(place), app=app)


def remove_others(cache: Path) -> None:
    """Remove what was computed with other states of the package."""
    for folder in cache.parent.glob("[0-9a-f]" * len(cache.name)):
        if folder != cache:
            shutil.rmtree(folder)


def _write(file: Path, text: str) -> None:
    """Write a file that has changed: a file that has not is not read again by Sphinx."""
    if file.is_file() and file.read_text("utf-8") == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


# --- command line -------------------------------------------------------------------------------


def commands() -> str:
    """Every command in the order of use, with its options and examples, from its own help."""
    import typer

    import lossmodel.cli
    from lossmodel.cli.app import app

    assert lossmodel.cli  # its import registers the commands
    root = typer.main.get_command(app)
    context = root.make_context("lossmodel", [], resilient_parsing=True)
    return "\n".join(_command(root, context, "lossmodel"))


def _command(command: Any, context: Any, path: str) -> Iterator[str]:
    from lossmodel.cli.overview import EXAMPLES, FIRST_STEPS
    from lossmodel.text.grammar import GRAMMAR

    if context.parent is not None:
        yield f"## `{path}`\n"
    yield _prose(command.help or command.short_help or "")
    children = getattr(command, "commands", {})
    if not children:
        yield f"```text\n{path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield from _records(command, context)
    words = path.partition(" ")[2]
    if examples := EXAMPLES.get(words, ()) if words else FIRST_STEPS:
        lines = [f"# {said}\n{line}" for line, said in examples]
        yield "Examples:\n\n```sh\n" + "\n".join(lines) + "\n```\n"
    if words == "query":
        yield f"```text\n{GRAMMAR}\n```\n"
    for name in command.list_commands(context) if children else ():
        child = children[name]
        if not child.hidden:
            inner = child.make_context(name, [], context, resilient_parsing=True)
            yield from _command(child, inner, f"{path} {name}")


def _records(command: Any, context: Any) -> Iterator[str]:
    """Arguments and options as a list of definitions, without the names of Python types."""
    from lossmodel.cli.help import VALUES

    for parameter in command.get_params(context):
        names, text = parameter.get_help_record(context) or ("", "")
        if not names or "--help" in names:
            continue
        if parameter.param_type_name == "argument":
            names = names.partition(" <")[0]
        names = re.sub(r"<(?:list\[)?(\w+)\]?>", lambda kind: VALUES.get(kind[1], kind[0]), names)
        yield f"`{names}`\n: {_escaped(text) or 'No description.'}\n"


def _prose(text: str) -> str:
    """The paragraphs of a help text; those that Click is told not to fill stay as they are."""
    found = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = paragraph.lstrip("\n")
        if lines.startswith("\b"):
            found.append("```text\n" + lines.lstrip("\b").strip("\n") + "\n```")
        elif re.match(r"\s{2,}", lines):
            found.append("```text\n" + dedent(lines) + "\n```")
        else:
            found.append(_escaped(lines))
    return "\n\n".join(found) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"(?<!`)([*_<>\[\]|])", r"\\\1", text)


# --- Python -------------------------------------------------------------------------------------


def api() -> str:
    """Tables of all public names, with a page for each."""
    names = {name: getattr(lossmodel, name) for name in lossmodel.__all__}
    groups = {
        "Functions": [n for n, v in names.items() if not inspect.isclass(v)],
        "Classes": [
            n for n, v in names.items() if inspect.isclass(v) and not issubclass(v, Exception)
        ],
        "Errors": [n for n, v in names.items() if inspect.isclass(v) and issubclass(v, Exception)],
    }
    return "\n".join(_summary(title, group) for title, group in groups.items())


def _summary(title: str, names: list[str]) -> str:
    lines = "\n".join(f"   {name}" for name in names)
    return (
        f"## {title}\n\n```{{eval-rst}}\n.. currentmodule:: lossmodel\n\n"
        f".. autosummary::\n   :toctree: generated/api\n\n{lines}\n```\n"
    )


# --- tables -------------------------------------------------------------------------------------


def components() -> str:
    """Components of the model that can be switched off, with their docstrings."""
    from lossmodel.model.components import Components

    text = inspect.getdoc(Components) or ""
    section = text.split("----------\n", 1)[1].split("\n\nExamples", 1)[0]
    rows = re.findall(r"^(\w+)\n((?:    .*\n?)+)", section, re.M)
    return "\n".join(f"`{name}`\n: {' '.join(said.split())}\n" for name, said in rows)


def equations() -> str:
    """The equations as the model's module states them."""
    import lossmodel.model.density.model as module

    title, text = (inspect.getdoc(module) or "").split("\n\n", 1)
    assert title
    return "\n\n".join(_block(block) for block in text.split("\n\n")) + "\n"


def _block(block: str) -> str:
    if block.startswith("    "):
        return "```text\n" + dedent(block) + "\n```"
    return re.sub(r"``([^`]+)``", r"`\1`", block)


def changes(title: str) -> str:
    """One kind of entries of CHANGELOG.md, by version."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = []
    for version in re.split(r"(?m)^## ", text)[1:]:
        name, body = version.split("\n", 1)
        for section in re.split(r"(?m)^### ", body)[1:]:
            head, entries = section.split("\n", 1)
            if head.strip() == title:
                found.append(f"### {name.strip()}\n\n{entries.strip()}\n")
    return "\n".join(found)


def wars() -> str:
    """The shipped conflicts, with the numbers of their claims and later figures."""
    from lossmodel.conflict.shipped import shipped_conflicts

    lines = ["| Conflict | Name for `--conflict` | Claims | Later figures |", "|---|---|---:|---:|"]
    for name in shipped_conflicts():
        claims = lossmodel.load_claims(conflict=name)
        later = claims.conflict.truth
        lines.append(
            f"| {claims.conflict.title} | `{name}` | {len(claims):,} "
            f"| {0 if later is None else len(later):,} |"
        )
    return "\n".join(lines) + "\n"
