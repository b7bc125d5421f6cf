"""The command line, a thin layer over the Python interface.

Progress goes to stderr and results to stdout. Exit status: 0 success; 1 the gate, a backtest or a
verification did not pass; 2 invalid input or usage; 3 any other error; 129, 130 and 143 ended by
SIGHUP, SIGINT and SIGTERM. A closed stdout or pipe (``>&-``, ``| head -1``) changes no status: the
work is done, and what nobody reads is discarded. Tracebacks are shown only with
``LOSSMODEL_DEBUG=1``.
"""

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

from lossmodel.cli import (
    about,
    claims,
    data,
    evaluation,
    explain,
    fit,
    new,
    process,
    sealed,
    simulate,
)
from lossmodel.cli.app import app
from lossmodel.cli.console import note, safe_streams
from lossmodel.errors import ConvergenceWarning, LossModelError
from lossmodel.system.problems import NO_MEMORY, sentence
from lossmodel.text.escape import printable

__all__ = ["main"]

# These modules register their commands on import.
COMMANDS = (new, fit, claims, data, simulate, evaluation, sealed, explain, about)
INTERRUPTED = 130
# New objects between two searches for cycles. Python's 700 (2,000 since 3.14) cost a tenth of
# `lossmodel check`, which makes many small objects that live to its end, and no cycles.
NEW_OBJECTS = 50_000


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit status.

    Parameters
    ----------
    arguments
        Arguments after the name of the program; by default those of the process, which is then
        prepared for a command: see `lossmodel.cli.process`.
    """
    command = arguments is None
    if command:
        process.prepare()
    with safe_streams():
        status = _status(arguments)
    if command:
        process.release()
    sys.exit(status)


def _status(arguments: Sequence[str] | None) -> int:
    debug = bool(os.environ.get("LOSSMODEL_DEBUG"))
    gc.set_threshold(NEW_OBJECTS)
    try:
        with warnings.catch_warnings():
            if not debug:
                _quieten()
            app(args=arguments, prog_name="lossmodel")
    except SystemExit as finished:
        process.heard()
        status = finished.code if isinstance(finished.code, int) else 0
        return _failed(process.ENDED[status], status) if status in process.ENDED else status
    except KeyboardInterrupt:
        process.heard()
        return _failed(process.ENDED[INTERRUPTED], INTERRUPTED)
    except LossModelError as error:
        return _failed(str(error), error.exit_code)
    except OSError as error:
        if debug:
            raise
        return _failed(sentence(error), 3)
    except (MemoryError, ImportError) as error:
        if debug:
            raise
        # A shared library that cannot be mapped is reported as one that cannot be imported.
        lacking = isinstance(error, MemoryError) or "failed to map" in str(error)
        return _failed(NO_MEMORY if lacking else _unexpected(error), 3)
    except Exception as error:
        # The outermost handler: any unexpected error becomes one line.
        if debug:
            raise
        return _failed(_unexpected(error), 3)
    return 0


def _quieten() -> None:
    """Show only convergence warnings, in one line each."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", ConvergenceWarning)
    warnings.showwarning = _show_warning


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del category, filename, lineno, file, line  # the signature is fixed by the standard library
    # The display of progress may have replaced the stream.
    note(printable(f"lossmodel: warning: {message}"))


def _failed(text: str, status: int) -> int:
    note(f"lossmodel: {text}")
    return status


def _unexpected(error: Exception) -> str:
    text = f"{type(error).__name__}: {_first_line(error)}"
    return f"{text} (set LOSSMODEL_DEBUG=1 for a traceback)"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "no message")
