"""Citizens' reports: the case, the messages it is made of, its history, who handles what."""

from reports.models.cases import Numbering, Report, ReportEvent, ReportItem, new_token
from reports.models.tables import CannedReply, Office, ReplyText, ReportCategory

__all__ = [
    "CannedReply", "Numbering", "Office", "ReplyText", "Report", "ReportCategory", "ReportEvent",
    "ReportItem", "new_token",
]  # fmt: skip
