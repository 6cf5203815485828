from reports.admin.cases import ReportAdmin
from reports.admin.tables import CannedReplyAdmin, OfficeAdmin, ReplyTextAdmin, ReportCategoryAdmin

__all__ = ["CannedReplyAdmin", "OfficeAdmin", "ReplyTextAdmin", "ReportAdmin", "ReportCategoryAdmin"]
