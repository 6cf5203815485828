"""The reports' back office; Django imports this package, which registers its pages."""

from reports.admin import cases, tables

__all__ = ["cases", "tables"]
