"""The NetCDF file of a fit: groups of variables, a version, and a checksum over all of them."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lossmodel.errors import UsageError
from lossmodel.system.unfinished import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from lossmodel.posterior.groups import Variables

__all__ = ["FORMAT", "checksum", "read_groups", "write_groups"]

FORMAT: Final = 4
# Values by group and name.
Arrays = dict[str, dict[str, Any]]

# HDF5 has an error of its own kind for each way in which a file can be broken.
BROKEN: Final = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)


def write_groups(path: Path, groups: Mapping[str, Variables]) -> None:
    """Write NetCDF, with h5netcdf itself, because the checks of xarray's encoders are slow."""
    import h5netcdf
    import h5py

    arrays = {
        name: {key: values for key, (_, values) in variables.items()}
        for name, variables in groups.items()
    }
    # In memory: HDF5 can neither end nor close a file for which the disk has no space.
    content = io.BytesIO()
    with h5netcdf.File(content, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["sha256"] = checksum(arrays)
        for name, variables in groups.items():
            group = file.create_group(name)
            for key, (dims, values) in variables.items():
                for dim, size in zip(dims, values.shape, strict=True):
                    if dim not in group.dimensions:
                        group.dimensions[dim] = size
                kind = h5py.string_dtype() if values.dtype == object else values.dtype
                group.create_variable(key, dims, dtype=kind, data=values)
    write_whole(path, content.getvalue())


def read_groups(path: Path) -> Arrays:
    """Read what ``write_groups`` wrote, once its version and its checksum are found right.

    Raises
    ------
    UsageError
        The file is not a fit, is of another version, or was changed since it was written.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            _check_format(_format(file), path)
            told = str(file.attrs.get("sha256", ""))
            arrays = {str(name): _values(group) for name, group in file.items()}
        content = checksum(arrays)
    except BROKEN as problem:
        raise UsageError(f"{path} is not a fit of lossmodel: {problem}") from problem
    if content != told:
        raise UsageError(
            f"{path} is not read: its content does not agree with its checksum, so it was changed "
            "or damaged since it was written. Take another copy, or fit anew."
        )
    return arrays


def checksum(arrays: Mapping[str, Mapping[str, Any]]) -> str:
    """SHA-256 over all values and texts, group by group and name by name.

    Each is preceded by its name, type and shape, and bytes are those of a little-endian machine,
    so that one content has one checksum wherever it was written.

    Examples
    --------
    >>> one, other = ({"fit": {"mode": np.array([x, 2.0])}} for x in (1.0, 1.5))
    >>> checksum(one) == checksum(one), checksum(one) == checksum(other)
    (True, False)
    """
    state = hashlib.sha256(f"lossmodel {FORMAT}".encode())
    for group in sorted(arrays):
        for name in sorted(arrays[group]):
            values = np.asarray(arrays[group][name])
            state.update(repr((group, name, values.dtype.kind, values.shape)).encode())
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


def _format(file: Any) -> int | None:
    """The version that a file names; formats up to 3 stored it in the settings."""
    if "format" in file.attrs:
        return int(np.ravel(file.attrs["format"])[0])
    if "input_settings" not in file:
        return None
    import json

    return int(json.loads(file["input_settings"][()])["format"])


def _check_format(made: int | None, path: Path) -> None:
    if made is None:
        raise UsageError(f"{path} is not a fit of lossmodel: it names no version of its format.")
    if made != FORMAT:
        raise UsageError(
            f"{path} is a fit in format {made}, and this version of lossmodel reads format "
            f"{FORMAT}: fit the claims anew with `lossmodel fit`, or read it with the version that "
            "wrote it."
        )


def _values(group: Any) -> dict[str, Any]:
    """Variables of a group, without dimensions that are not variables too."""
    import h5py

    found = {}
    for name, data in group.items():
        if not isinstance(data, h5py.Dataset):
            raise ValueError(f"its {group.name} holds {name!r}, which is no variable")
        if not _is_bare_dimension(data):
            value = data[()]
            found[str(name)] = np.array(value, dtype=object) if isinstance(value, bytes) else value
    return found


def _is_bare_dimension(data: Any) -> bool:
    label = data.attrs.get("NAME", b"")
    return bytes(label).startswith(b"This is a netCDF dimension but not a netCDF variable")
