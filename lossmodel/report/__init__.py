"""A fit as a folder that people read and cite."""

from lossmodel.report.comparing import compare_fits
from lossmodel.report.verifying import verify_report
from lossmodel.report.writing import write_report

__all__ = ["compare_fits", "verify_report", "write_report"]
