"""Office files with the same bytes in every run."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any, Final

from lossmodel.errors import UsageError
from lossmodel.report.document import moment
from lossmodel.text.escape import one_line

if TYPE_CHECKING:
    from datetime import datetime
    from types import ModuleType

    from lossmodel.api import Fit

__all__ = ["created", "optional", "repacked", "xml_text"]

# The earliest date that an archive can hold.
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
PROPERTIES: Final = "docProps/core.xml"
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
# What XML cannot hold, beside control characters.
_UNFIT: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")


def created(fit: Fit) -> datetime | None:
    """Time of the fit in UTC, which is the date of files that are made of it."""
    return moment(str(fit.provenance.get("created", "")))


def repacked(data: bytes, when: datetime | None) -> bytes:
    """An Office file whose parts have no time of day, and which was modified at the given time."""
    written = io.BytesIO()
    stamp = (when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else "1980-01-01T00:00:00Z").encode()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as made,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in made.namelist():
            part = made.read(name)
            if name == PROPERTIES:
                part = _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", part)
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same on every system
            archive.writestr(entry, part)
    return written.getvalue()


def xml_text(text: str) -> str:
    """A text without characters that XML cannot hold."""
    return _UNFIT.sub(" ", one_line(text))


def optional(module: str, extra: str, made: str) -> Any:
    """An optional library.

    Raises
    ------
    UsageError
        It is not installed; with what to install.
    """
    from importlib import import_module

    try:
        found: ModuleType = import_module(module)
    except ImportError:
        raise UsageError(
            f"{made} needs a library that is not installed: pip install lossmodel[{extra}]."
        ) from None
    return found
