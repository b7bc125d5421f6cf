"""What the examples in docstrings may use: a small fit, and a folder to write into."""

from pathlib import Path
from typing import Any

import pytest

# Names that an example may use without making them.
GIVEN = ("fitted", "folder")


@pytest.fixture(scope="session")
def fit_of_examples() -> Any:
    """A fit of the Battle of Britain, made once and only where an example asks for it."""
    import lossmodel as lm

    return lm.fit(lm.load_claims(conflict="battle-of-britain"), engine="laplace", draws=100)


@pytest.fixture(autouse=True)
def _names_of_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    if not isinstance(request.node, pytest.DoctestItem):
        return
    text = request.node.dtest.docstring if request.node.dtest is not None else None
    for name in GIVEN:
        if name in (text or ""):
            doctest_namespace[name] = _given(name, request)


def _given(name: str, request: pytest.FixtureRequest) -> Any:
    if name == "fitted":
        return request.getfixturevalue("fit_of_examples")
    import matplotlib as mpl

    # No example opens a window.
    mpl.use("Agg")
    folder: Path = request.getfixturevalue("tmp_path")
    return folder
