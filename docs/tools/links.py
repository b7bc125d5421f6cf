"""Check a built site.

Every internal link leads somewhere, every figure has a text for those who cannot see it, and no
page fetches anything from the network.

    python docs/tools/links.py build/docs
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Pages that Sphinx makes of its own, without figures or text of ours.
MADE = {"genindex.html", "py-modindex.html", "search.html"}


class Page(HTMLParser):
    """Links, anchors and figures of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.silent: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag links to, names or shows."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[key] for key in ("id", "name") if key in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in ("img", "script") and "src" in found:
            self.fetched.append(found["src"])
        if tag == "link" and found.get("rel") in ("stylesheet", "preload"):
            self.fetched.append(found["href"])
        if tag == "img" and len(found.get("alt", "")) < LEAST_ALT:
            self.silent.append(found.get("src", ""))


# Letters of a description that says more than a file name or an automatic text.
LEAST_ALT = 20


@cache
def page(file: Path) -> Page:
    """A page, read once."""
    return Page(file.read_text("utf-8"))


def problems(site: Path) -> Iterator[str]:
    """Everything that is wrong with a built site, in words."""
    for file in sorted(site.rglob("*.html")):
        name = file.relative_to(site).as_posix()
        if name in MADE or name.startswith("_"):
            continue
        found = page(file)
        yield from (f"{name}: a figure without a description: {src}" for src in found.silent)
        for link in found.links:
            if fault := _fault(file, link):
                yield f"{name}: {link}: {fault}"
        for address in found.fetched:
            if urlsplit(address).scheme in ("http", "https"):
                yield f"{name}: is fetched from the network: {address}"
            elif not _target(file, address).is_file():
                yield f"{name}: there is no {address}"


def _target(file: Path, address: str) -> Path:
    return (file.parent / unquote(urlsplit(address).path)).resolve()


def _fault(file: Path, link: str) -> str:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    target = _target(file, link) if parts.path else file
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "there is no such file"
    anchor = unquote(parts.fragment)
    if anchor and target.suffix == ".html" and anchor not in page(target).anchors | {"top"}:
        return "there is no such place on the page"
    return ""


def main() -> int:
    """Print the problems; the exit status is 1 if there are any."""
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found) if found else "All internal links lead somewhere.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
