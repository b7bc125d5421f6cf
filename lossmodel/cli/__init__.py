"""The command line, a thin layer over the Python interface.

Progress goes to stderr and results to stdout. Exit status: 0 success; 1 the gate, a backtest or a
verification did not pass; 2 invalid input or usage; 3 any other error; 130 interrupted. Tracebacks
are shown only with ``LOSSMODEL_DEBUG=1``.
"""

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

from lossmodel.cli import about, claims, data, evaluation, fit, simulate
from lossmodel.cli.app import app
from lossmodel.cli.console import safe_streams
from lossmodel.errors import ConvergenceWarning, LossModelError
from lossmodel.text.escape import printable

__all__ = ["main"]

# These modules register their commands on import.
COMMANDS = (fit, claims, data, simulate, evaluation, about)
INTERRUPTED = 130
# New objects between two searches for cycles. Python's 700 (2,000 since 3.14) cost a tenth of
# `lossmodel check`, which makes many small objects that live to its end, and no cycles.
NEW_OBJECTS = 50_000


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit status.

    Parameters
    ----------
    arguments
        Arguments after the name of the program; by default those of the process.
    """
    with safe_streams():
        status = _status(arguments)
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
        status = finished.code if isinstance(finished.code, int) else 0
        return _failed("interrupted", status) if status == INTERRUPTED else status
    except KeyboardInterrupt:
        return _failed("interrupted", INTERRUPTED)
    except LossModelError as error:
        return _failed(str(error), error.exit_code)
    except OSError as error:
        if debug:
            raise
        return _failed(_os_text(error), 3)
    except Exception as error:
        # The outermost handler: any unexpected error becomes one line.
        if debug:
            raise
        text = f"{type(error).__name__}: {_first_line(error)}"
        return _failed(f"{text} (set LOSSMODEL_DEBUG=1 for a traceback)", 3)
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
    sys.stderr.write(printable(f"lossmodel: warning: {message}\n"))


def _failed(text: str, status: int) -> int:
    sys.stderr.write(f"lossmodel: {text}\n")
    return status


def _os_text(error: OSError) -> str:
    if error.strerror is None:
        return _first_line(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "no message")
