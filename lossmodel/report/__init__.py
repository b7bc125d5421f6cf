"""A fit as a folder that people read and cite."""

from lossmodel.report.writing import write_report

__all__ = ["write_report"]
