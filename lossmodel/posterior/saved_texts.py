"""The texts inside a saved fit, checked before anything is built from them.

Others may have written them: with a checksum that agrees, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.conflict.inputs import CLAIMS, CONFLICT, FILES, is_plain
from lossmodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Texts", "read_texts"]

_DAY: Final = (str, type(None))
# Types of the settings, and of those parts of them that answers and reports rely on; a star is
# each entry of an object or a list.
_SETTINGS: Final[dict[str, tuple[type, ...]]] = {
    "conflict": (str,),
    "as_of": _DAY,
    "until_given": _DAY,
    "components": (dict,),
    "ci_prob": (float,),
    "seed": (int,),
    "sha256": (dict,),
    "claims_name": (str,),
    "submodels": (dict,),
    "submodels.*": (dict,),
    "submodels.*.engine": (str,),
    "submodels.*.diagnostics": (dict,),
    "diagnostics": (dict,),
    "diagnostics.engine": (str,),
    "diagnostics.findings": (list,),
    "diagnostics.findings.*": (dict,),
    "diagnostics.findings.*.severity": (str,),
    "diagnostics.findings.*.kind": (str,),
    "diagnostics.findings.*.message": (str,),
    "diagnostics.findings.*.count": (int,),
    "diagnostics.gate": (dict,),
    "diagnostics.gate.passed": (bool,),
    "diagnostics.gate.failures": (list,),
    "diagnostics.gate.failures.*": (str,),
    "diagnostics.gate.doubts": (list,),
    "diagnostics.gate.doubts.*": (str,),
    "provenance": (dict,),
    "provenance.options": (dict,),
    "provenance.versions": (dict,),
}


@dataclass(frozen=True)
class Texts:
    """The texts of a fit.

    Attributes
    ----------
    files
        Name -> text of the conflict's files and of the claims.
    priors
        Priors as TOML.
    settings
        Options, diagnostics and provenance.
    """

    files: dict[str, Any]
    priors: str
    settings: dict[str, Any]


def read_texts(stored: Mapping[str, object], path: Path) -> Texts:
    """Find the texts among the variables of a fit, and check that they are those of one.

    Raises
    ------
    UsageError
        One is missing or is no text, names a file that no conflict has, or a setting is missing or
        of a type that no fit has.
    """
    names = ("files", "priors", "settings")
    files, priors, settings = (_text(stored.get(name), name, path) for name in names)
    texts = Texts(_object(files, path), priors, _object(settings, path))
    _check_names(texts.files, path)
    _check_settings(texts.settings, path)
    return texts


def _text(stored: object, name: str, path: Path) -> str:
    """A text of a fit."""
    found = stored.item() if isinstance(stored, np.ndarray) and stored.ndim == 0 else None
    if not isinstance(found, bytes):
        raise UsageError(f"{path} is not a fit of lossmodel: it holds no text {name}.")
    return found.decode("utf-8", "surrogatepass")


def _object(text: str, path: Path) -> dict[str, Any]:
    """Read a JSON object of a fit."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is not a fit of lossmodel: {problem}") from problem
    if not isinstance(found, dict):
        raise UsageError(f"{path} is not a fit of lossmodel: its settings are not a JSON object.")
    return found


def _check_names(files: dict[str, Any], path: Path) -> None:
    """Refuse files that a fit cannot have: others may have written it.

    Names are shown with their control characters spelled out, so that none reaches a terminal.
    """
    for name, text in files.items():
        if name not in FILES:
            raise UsageError(
                f"{path} is not read: it holds a file {name!r}, and a conflict has only "
                f"{', '.join(FILES)}."
            )
        if not isinstance(text, str):
            raise UsageError(f"{path} is not read: its {name} is not text.")
    for name in (CONFLICT, CLAIMS):
        if name not in files:
            raise UsageError(f"{path} is not read: it holds no {name}.")


def _check_settings(settings: dict[str, Any], path: Path) -> None:
    """Refuse settings that a fit cannot have, and a conflict whose name is a path."""
    for name, types in _SETTINGS.items():
        for found in _values(settings, name.split(".")):
            if found is ... and "*" not in name:
                raise UsageError(f"{path} is not read: it holds no {name}.")
            if type(found) not in types:
                kind = "missing" if found is ... else type(found).__name__
                raise UsageError(f"{path} is not a fit of lossmodel: its {name} is {kind}.")
    if not is_plain(settings["conflict"]):
        raise UsageError(
            f"{path} is not read: its conflict {settings['conflict']!r} is not the name of a "
            "folder."
        )
    if not 0 < settings["ci_prob"] < 1:
        raise UsageError(f"{path} is not a fit of lossmodel: its ci_prob is {settings['ci_prob']}.")


def _values(found: Any, keys: Sequence[str]) -> Iterator[Any]:
    """Values at a place in the settings, whose parents were checked; ... for a missing one."""
    if not keys or found is ...:
        yield found
    elif keys[0] == "*":
        for entry in found.values() if isinstance(found, dict) else found:
            yield from _values(entry, keys[1:])
    else:
        yield from _values(found.get(keys[0], ...), keys[1:])
