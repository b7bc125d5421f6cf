"""The report of a fit: a folder of pages, tables, figures and citations."""

from lossmodel.report.compare import compare_fits
from lossmodel.report.quoting import verify_document
from lossmodel.report.verify import verify_report
from lossmodel.report.write import write_report

__all__ = ["compare_fits", "verify_document", "verify_report", "write_report"]
