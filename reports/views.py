"""The citizen's private page of a case."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reports import progress, states
from reports.models import Report
from reports.states import State


@require_safe
@never_cache
def case(request: HttpRequest, token: str) -> HttpResponse:
    """Number, state, dates: nothing of the person and nothing they wrote. Whoever has the link may see it."""
    report = get_object_or_404(Report.objects.select_related("category", "office"), token=token)
    context = {
        "report": report,
        "steps": progress.steps(report),
        "is_open": states.is_open(report.state),
        "badge": progress.badge(report),
        "explanation": progress.EXPLANATIONS[State(report.state)],
    }
    response = render(request, "reports/case.html", context)
    # The address is the key: no search engine may keep it, no other site may learn it.
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
