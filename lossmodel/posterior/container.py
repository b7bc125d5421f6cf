"""The NetCDF file of a fit: groups of variables, a checksum of the fit, and a seal at the end.

HDF5 reads a damaged file as other numbers, raises errors of all kinds or never returns. So the
last bytes of the file, which HDF5 and NetCDF ignore, are a seal: a SHA-256 of all bytes before it,
which is compared before any of them is parsed. Copying the one file keeps it. The checksum of the
content is another one, since a fit that is written again has the same content in other bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from lossmodel import __version__
from lossmodel.arguments import check_path
from lossmodel.errors import UsageError
from lossmodel.system.unfinished import write_whole
from lossmodel.tables.files import is_there, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lossmodel.posterior.groups import Variables

__all__ = [
    "FORMAT",
    "Place",
    "Sealed",
    "array_at",
    "checksum",
    "fit_file",
    "places_of",
    "read_group",
    "read_sealed",
    "seal",
    "write_groups",
]

FORMAT: Final = 6
# Formats whose group of the fit is the same: they differ in the groups for other programs.
READABLE: Final = (5, FORMAT)
# The format of the content, of which the checksum is: it stays when other groups change.
CONTENT: Final = 5
# Of the days of a file, by the conventions for climate and forecast metadata (CF).
DAYS: Final = "days since 1970-01-01"
CALENDAR: Final = "proleptic_gregorian"
_SEAL: Final = re.compile(rb"\nlossmodel fit, format (\d{1,6}), SHA-256 ([0-9a-f]{64})\n")
# Bytes in which the seal is looked for; it has about 110.
_TAIL: Final = 200
_ANEW: Final = "Take another copy, or fit the claims anew with `lossmodel fit`."

# HDF5 has an error of its own kind for each way in which a file can be broken.
BROKEN: Final = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)


def write_groups(path: Path, groups: Mapping[str, Variables], *, attrs: Mapping[str, str]) -> None:
    """Write NetCDF, with h5netcdf itself, because the checks of xarray's encoders are slow.

    Parameters
    ----------
    attrs
        Attributes of the file, for its readers.
    """
    import h5netcdf
    import h5py

    # In memory: HDF5 can neither end nor close a file for which the disk has no space.
    memory = io.BytesIO()
    with h5netcdf.File(memory, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs.update(attrs)
        for name, variables in groups.items():
            group = file.create_group(name)
            for key, variable in variables.items():
                values, more = _counted(variable.values)
                dims = [_encoded(name) for name in variable.dims]
                for dim, size in zip(dims, values.shape, strict=True):
                    if dim not in group.dimensions:
                        group.dimensions[dim] = size
                kind = h5py.string_dtype() if values.dtype == object else values.dtype
                made = group.create_variable(_encoded(key), dims, dtype=kind, data=values)
                made.attrs.update({**variable.attrs, **more})
    write_whole(path, seal(memory.getvalue()))


def _counted(values: NDArray[Any]) -> tuple[NDArray[Any], dict[str, str]]:
    """Days as NetCDF has them, as numbers with a unit; other values as they are."""
    if values.dtype.kind != "M":
        return values, {}
    return values.astype("datetime64[D]").astype(np.int64), {"units": DAYS, "calendar": CALENDAR}


def _encoded(name: str) -> str:
    """A name of a party or category, in which a slash would be a group of its own."""
    return name.replace("%", "%25").replace("/", "%2F")


def _decoded(name: str) -> str:
    return name.replace("%2F", "/").replace("%25", "%")


def seal(content: bytes) -> bytes:
    r"""Content with its seal at the end.

    Examples
    --------
    >>> seal(b"x")[:41]
    b'x\nlossmodel fit, format 6, SHA-256 2d7116'
    """
    digest = hashlib.sha256(content).hexdigest()
    return content + f"\nlossmodel fit, format {FORMAT}, SHA-256 {digest}\n".encode()


class Sealed(NamedTuple):
    """What stands before the seal of a file, and its SHA-256, which is the seal's."""

    content: memoryview
    sha256: str


class Place(NamedTuple):
    """Where an array lies in a file, with its type and shape."""

    offset: int
    dtype: str
    shape: tuple[int, ...]


def read_group(sealed: Sealed, group: str, path: Path) -> dict[str, Any]:
    """Read one group of what `write_groups` wrote.

    Parameters
    ----------
    path
        The file that was read, for errors.

    Raises
    ------
    UsageError
        The file is not a fit.
    """
    import h5py

    try:
        # What was compared is what is parsed: the file is not opened again.
        with h5py.File(io.BytesIO(sealed.content), "r") as file:
            return _values(file[group])
    except BROKEN as problem:
        raise UsageError(f"{path} is not a fit of lossmodel: {problem}") from problem


def places_of(sealed: Sealed, group: str) -> dict[str, Place]:
    """Where the arrays of a group lie in a file, by name, if they lie in one piece."""
    import h5py

    with h5py.File(io.BytesIO(sealed.content), "r") as file:
        return {
            _decoded(str(name)): Place(data.id.get_offset(), data.dtype.str, data.shape)
            for name, data in file[group].items()
            if data.id.get_offset() is not None
        }


def array_at(sealed: Sealed, place: Place) -> NDArray[Any]:
    """An array of a file, read-only, and copied only where it is not aligned."""
    count = int(np.prod(place.shape))
    found = np.frombuffer(sealed.content, place.dtype, count, place.offset).reshape(place.shape)
    return np.require(found, requirements="A")


def fit_file(path: str | Path) -> Path:
    """The file of a fit, or of the fit in a report's folder.

    Raises
    ------
    UsageError
        There is none.
    """
    check_path(path, "path")
    path = Path(path)
    path = path / "fit.nc" if path.is_dir() else path
    if not is_there(path):
        raise UsageError(f"{path}: there is no such fit. Make one with `lossmodel fit`.")
    return path


def read_sealed(path: Path) -> Sealed:
    """The bytes before the seal of a file, which must agree with it.

    Raises
    ------
    UsageError
        The file is not a fit, is of another version, or was changed since it was written.
    """
    data = read_bytes(path)
    found = _SEAL.search(data, max(0, len(data) - _TAIL))
    if found is None or found.end() != len(data):
        raise UsageError(
            f"{path} is not read: it does not end with the checksum of a fit. It was cut short, "
            f"changed, made by an older version of lossmodel, or is no fit at all. {_ANEW}"
        )
    made = int(found[1])
    if made not in READABLE:
        formats = " and ".join(map(str, READABLE))
        raise UsageError(
            f"{path} is a fit in format {made}, and lossmodel {__version__} reads the formats "
            f"{formats}: fit the claims anew with `lossmodel fit`, or read it with the version "
            "that wrote it."
        )
    content = memoryview(data)[: found.start()]
    digest = hashlib.sha256(content).hexdigest()
    if digest.encode() != found[2]:
        raise UsageError(
            f"{path} is not read: its content does not agree with its checksum, so it was changed "
            f"or damaged since it was written. {_ANEW}"
        )
    return Sealed(content, digest)


def checksum(arrays: Mapping[str, Any]) -> str:
    """SHA-256 over the values and texts of a group, name by name.

    Each is preceded by its name, type and shape, and bytes are those of a little-endian machine,
    so that one content has one checksum wherever it was written.

    Examples
    --------
    >>> one, other = ({"mode": np.array([x, 2.0])} for x in (1.0, 1.5))
    >>> checksum(one) == checksum(one), checksum(one) == checksum(other)
    (True, False)
    """
    state = hashlib.sha256(f"lossmodel {CONTENT}".encode())
    for name in sorted(arrays):
        values = np.asarray(arrays[name])
        state.update(repr((name, values.dtype.kind, values.shape)).encode())
        for piece in _pieces(values):
            state.update(piece)
    return state.hexdigest()


def _pieces(values: NDArray[Any]) -> list[bytes | memoryview]:
    """Content as bytes; texts each with its length before it."""
    if values.dtype.kind == "O":
        texts = [_bytes(text) for text in values.ravel().tolist()]
        return [piece for text in texts for piece in (f"{len(text)}:".encode(), text)]
    plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return [plain.reshape(-1).view(np.uint8).data] if plain.size else []


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _values(group: Any) -> dict[str, Any]:
    """Variables of a group, without dimensions that are not variables too."""
    import h5py

    found = {}
    for name, data in group.items():
        if not isinstance(data, h5py.Dataset):
            raise ValueError(f"its {group.name} holds {name!r}, which is no variable")
        if not _is_bare_dimension(data):
            value = data[()]
            found[_decoded(str(name))] = (
                np.array(value, dtype=object) if isinstance(value, bytes) else value
            )
    return found


def _is_bare_dimension(data: Any) -> bool:
    label = data.attrs.get("NAME", b"")
    return bytes(label).startswith(b"This is a netCDF dimension but not a netCDF variable")
