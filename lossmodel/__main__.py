"""Run the command line as ``python -m lossmodel``."""

from lossmodel.cli import main

if __name__ == "__main__":
    main()
