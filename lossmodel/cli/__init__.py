"""The command line: every command is a few public calls.

Progress goes to stderr, the answer to stdout. Exit status: 0 good; 1 it ran but the gate, a
backtest or a verification did not pass; 2 bad input or usage; 3 anything else; 130 interrupted.
Nobody sees a traceback who has not asked for one with ``LOSSMODEL_DEBUG=1``.
"""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

from lossmodel.cli import about, claims, data, evaluation, fit, simulate
from lossmodel.cli.app import app
from lossmodel.errors import ConvergenceWarning, LossModelError

__all__ = ["main"]

# Importing them has registered their commands.
COMMANDS = (fit, claims, data, simulate, evaluation, about)
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit status.

    Parameters
    ----------
    arguments
        What follows the program's name; by default what the shell gave.
    """
    sys.exit(_status(arguments))


def _status(arguments: Sequence[str] | None) -> int:
    debug = bool(os.environ.get("LOSSMODEL_DEBUG"))
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
        # The outermost place: whatever nobody foresaw ends here, as one line.
        if debug:
            raise
        text = f"{type(error).__name__}: {_first_line(error)}"
        return _failed(f"{text} (run again with LOSSMODEL_DEBUG=1 to see where)", 3)
    return 0


def _quieten() -> None:
    """Show the one warning that concerns the user, in one line."""
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
    del category, filename, lineno, file, line  # the signature is the standard library's
    sys.stderr.write(f"lossmodel: warning: {message}\n")


def _failed(text: str, status: int) -> int:
    sys.stderr.write(f"lossmodel: {text}\n")
    return status


def _os_text(error: OSError) -> str:
    if error.strerror is None:
        return _first_line(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "no message")
