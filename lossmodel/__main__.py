"""Run the command line, also as ``python -m lossmodel``."""

import signal

__all__ = ["main"]


def main() -> None:
    """Import the command line and run one command."""
    # An interrupt of the imports ends the process as such, without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    from lossmodel import cli

    cli.main()


if __name__ == "__main__":
    main()
