"""Downloads with pooch, checked against a hash, complete or not at all.

If the hash of a file is not known beforehand, the first download is trusted and its hash is kept in
a lock file beside it; every later download must match it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urljoin

from lossmodel.errors import LossModelError, UsageError
from lossmodel.system.unfinished import unfinished, write_whole

if TYPE_CHECKING:
    import requests

__all__ = ["LOCK", "Fetched", "Remote", "fetch"]

LOCK: Final = "hashes.json"
SCHEMES: Final = ("http://", "https://")
TIMEOUT: Final = 30  # seconds without an answer, after which a user would give up
NOT_FOUND: Final = 404

How = Literal["already there", "fetched, hash as expected", "fetched, hash kept"]


@dataclass(frozen=True)
class Remote:
    """A file at a public address; `sha256` is empty if it is not known."""

    file: str
    url: str
    sha256: str = ""


@dataclass(frozen=True)
class Fetched:
    """A downloaded file.

    Attributes
    ----------
    path
        The file on disk.
    sha256
        Its hash.
    how
        Whether it was downloaded now, and against which hash it was checked.
    url
        Address that was asked for.
    moved_to
        Address that the server redirected to; empty for none.
    """

    path: Path
    sha256: str
    how: How
    url: str
    moved_to: str = ""


def fetch(
    remote: Remote,
    folder: Path,
    *,
    url: str = "",
    anew: bool = False,
    check: Callable[[Path], object] | None = None,
) -> Fetched:
    """Download a file into a folder, unless it is there already.

    Parameters
    ----------
    remote
        File to download.
    folder
        Folder for it, made if it does not exist.
    url
        Another address of the same file; one that ends with `/` is that of its folder.
    anew
        Download again, and forget the hash that was kept.
    check
        Called with a file whose hash is not known; a `LossModelError` from it refuses the file.

    Raises
    ------
    LossModelError
        The download failed, or the file is not the expected one. An earlier file stays as it was.
    UsageError
        The address is not a web address.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "x.csv").write_bytes(b"")
    ...     digest = hashlib.sha256(b"").hexdigest()
    ...     fetch(Remote("x.csv", "https://example.org/x.csv", digest), folder).how
    'already there'
    """
    address = urljoin(url, remote.file) if url.endswith("/") else url or remote.url
    if not address.startswith(SCHEMES):
        raise UsageError(f"{address} is not a web address; it must begin with http:// or https://.")
    expected = remote.sha256 or ("" if anew else _kept(folder).get(remote.file, {}).get("sha256"))
    place = folder / remote.file
    if expected and not anew and place.is_file() and _hash(place) == expected:
        return Fetched(place, expected, "already there", address)
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished(place, place) as work:
        got, moved = _download(address, work / remote.file)
        found = _hash(got)
        if expected and found != expected:
            raise LossModelError(_mismatch(address, expected, found, by_us=bool(remote.sha256)))
        if not expected and check is not None:
            _examine(check, got, address)
        got.replace(place)
    if remote.sha256:
        return Fetched(place, found, "fetched, hash as expected", address, moved)
    _keep(folder, remote.file, address, found, place.stat().st_size)
    how: How = "fetched, hash as expected" if expected else "fetched, hash kept"
    return Fetched(place, found, how, address, moved)


def _download(address: str, place: Path) -> tuple[Path, str]:
    import logging

    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    answers: list[requests.Response] = []

    def remember(response: requests.Response, *_: Any, **__: Any) -> None:
        answers.append(response)

    loader = pooch.HTTPDownloader(timeout=TIMEOUT, hooks={"response": remember})
    try:
        pooch.retrieve(
            address, known_hash=None, fname=place.name, path=place.parent, downloader=loader
        )
    except requests.RequestException as error:
        raise LossModelError(_why(error, address)) from error
    finally:
        for answer in answers:
            answer.close()
    last = answers[-1].url if answers else address
    return place, last if last != address else ""


def _why(error: requests.RequestException, address: str) -> str:
    import requests

    if isinstance(error, requests.exceptions.TooManyRedirects):
        return f"{address} redirects in circles. Give the file's address with --url."
    response = error.response
    if response is not None:
        gone = " The file has moved or was removed; give another address of it with"
        hint = f"{gone} --url." if response.status_code == NOT_FOUND else ""
        return f"{address} answers {response.status_code} {response.reason}.{hint}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"{address} broke off before the end. Nothing was kept; try again."
    if isinstance(error, requests.exceptions.Timeout):
        return f"{address} does not answer within {TIMEOUT} seconds. Nothing was kept."
    if isinstance(error, requests.exceptions.ConnectionError):
        return (
            f"{address} cannot be reached: no network, or the server is down or hung up. "
            "Nothing was kept."
        )
    return f"{address} cannot be read: {next(iter(str(error).splitlines()), 'no reason given')}."


def _mismatch(address: str, expected: str, found: str, *, by_us: bool) -> str:
    known = "that the package expects" if by_us else f"that {LOCK} kept from the first download"
    remedy = "" if by_us else " If its publisher changed it, fetch it with --anew."
    return (
        f"{address} is not the expected file: its SHA-256 is {found}, the one {known} is "
        f"{expected}. It was cut short, altered, or another version. Nothing was kept.{remedy}"
    )


def _examine(check: Callable[[Path], object], got: Path, address: str) -> None:
    try:
        check(got)
    except LossModelError as error:
        raise LossModelError(
            f"{address} does not hold what it should ({str(error).replace(str(got), got.name)}) "
            "Nothing was kept."
        ) from error


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _kept(folder: Path) -> dict[str, dict[str, Any]]:
    place = folder / LOCK
    if not place.is_file():
        return {}
    try:
        kept = json.loads(place.read_text(encoding="utf-8"))
        return {name: dict(entry) for name, entry in kept.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise LossModelError(
            f"{place} cannot be read; remove it to trust the next downloads anew."
        ) from error


def _keep(folder: Path, file: str, address: str, found: str, size: int) -> None:
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    kept = _kept(folder)
    if kept.get(file, {}).get("sha256") == found:
        return
    kept[file] = {"sha256": found, "bytes": size, "url": address, "first_fetched": today}
    write_whole(folder / LOCK, (json.dumps(kept, indent=1, sort_keys=True) + "\n").encode())
