"""Memory for linear algebra, which is taken while there is some."""

from __future__ import annotations

import mmap
from functools import cache
from typing import Final

__all__ = ["take_buffers"]

# Bytes of the buffers of OpenBLAS, 32 MB in NumPy and as many in SciPy, and as much again for the
# arrays of a small fit.
NEEDED: Final = 128 * 2**20


@cache
def take_buffers() -> None:
    """Have NumPy's and SciPy's OpenBLAS allocate their buffers, once per process.

    They do so at their first factorisation, and where it fails they try again for ever.

    Raises
    ------
    MemoryError
        There is not enough memory.

    Examples
    --------
    >>> take_buffers()
    """
    import numpy as np
    from scipy.linalg import lapack

    try:
        mmap.mmap(-1, NEEDED).close()
    except OSError as problem:
        raise MemoryError(f"{NEEDED:,} bytes for linear algebra") from problem
    np.linalg.cholesky(np.eye(2))
    lapack.dpotrf(np.eye(2))
