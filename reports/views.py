"""The citizen's private page of a case: how far it is, how it went, whether it is really over."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reports import closing, progress, states
from reports.models import Report
from reports.states import State


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def case(request: HttpRequest, token: str) -> HttpResponse:
    """Number, state, dates: nothing of the person and nothing they wrote.

    Whoever has the link may see it, and rate a closed case or say that it is not solved; a while after the
    end the page is gone (410).
    """
    related = ("category", "office", "contact", "duplicate_of")
    report = get_object_or_404(Report.objects.select_related(*related), token=token)
    if closing.link_expired(report):
        return _private(render(request, "reports/expired.html", status=410))
    told = report.duplicate_of or report
    if request.method == "POST":
        stars = request.POST.get("voto", "")
        if "non_risolto" in request.POST:
            closing.contest(report)
        elif stars in map(str, closing.STARS):
            closing.rate(report, int(stars), by_page=True)
        return _private(HttpResponseRedirect(request.path))
    context = {
        "report": report,
        "told": told,
        "steps": progress.steps(report),
        "is_open": states.is_open(told.state),
        "badge": progress.badge(told),
        "explanation": progress.EXPLANATIONS[State(told.state)],
        "stars": closing.STARS,
    }
    return _private(render(request, "reports/case.html", context))


def _private(response: HttpResponse) -> HttpResponse:
    """The address is the key: no search engine may keep it, no other site may learn it."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    # Same-origin and not none: our own form's origin is checked against forgery.
    response["Referrer-Policy"] = "same-origin"
    return response
