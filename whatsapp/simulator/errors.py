"""Meta's errors in Graph's shape (HTTP answers) and in the shape of a `failed` status (fact sheet 6.1)."""

import secrets
from typing import Any

from aiohttp import web

# HTTP status of the codes that do not answer with 400.
STATUSES = {
    **dict.fromkeys([0, 190], 401),
    **dict.fromkeys([10, 200, 368, 130403, 130497, 131005, 131031, 139200], 403),
    132001: 404,
    130429: 429,
    **dict.fromkeys([3, 131000, 131016, 131045, 131057], 500),
    2: 503,
}
# Of the errors that come of themselves; the rest only by their code.
TITLES = {
    100: "Invalid parameter",
    190: "Invalid OAuth access token - Cannot parse access token",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131031: "Account has been locked",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "This message was not delivered to maintain healthy ecosystem engagement",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132015: "Template is paused",
}
OTHER_TITLE = "Message not sent"
TRANSIENT = {2, 4, 80007, 130429, 613, 131000, 131016, 131056, 131057}
HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


class GraphError(Exception):
    """A call refused."""

    def __init__(self, code: int, details: str = "", *, subcode: int = 0) -> None:
        super().__init__(code, details)
        self.code, self.subcode, self.title = code, subcode, TITLES.get(code, OTHER_TITLE)
        self.details = details or self.title

    def response(self) -> web.Response:
        """Codes under 1,000 are Graph's own: they come without `error_data`, as the adapter must expect."""
        plain = self.code < 1000
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.details if plain else self.title}",
            "type": "OAuthException",
            "code": self.code,
            "is_transient": self.code in TRANSIENT,
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        if not plain:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode:
            error["error_subcode"] = self.subcode
        return web.json_response({"error": error}, status=STATUSES.get(self.code, 400))


def status_error(code: int, details: str = "") -> dict[str, Any]:
    """An element of `statuses[].errors[]`."""
    title = TITLES.get(code, OTHER_TITLE)
    data = {"details": details or title}
    return {"code": code, "title": title, "message": title, "error_data": data, "href": HREF}
