"""Meta's errors in Graph's shape (HTTP answers) and in the shape of a `failed` status (fact sheet 6.1)."""

from __future__ import annotations

import secrets
from typing import Any

from aiohttp import web

# code: (HTTP status when it answers a call, title)
KNOWN = {
    0: (401, "AuthException"),
    1: (400, "API Unknown"),
    2: (503, "API Service"),
    3: (500, "API Method"),
    4: (400, "API Too Many Calls"),
    10: (403, "Permission Denied"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    190: (401, "Invalid OAuth access token - Cannot parse access token"),
    200: (403, "API Permission"),
    368: (403, "Temporarily blocked for policies violations"),
    613: (400, "Calls to this API have exceeded the rate limit"),
    80007: (400, "Rate limit issues"),
    130403: (403, "User is blocked by the business"),
    130429: (429, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    130497: (403, "Business account is restricted from messaging users in this country"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Account has been locked"),
    131037: (400, "Display name is not approved"),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "This message was not delivered to maintain healthy ecosystem engagement"),
    131050: (400, "User has stopped receipt of marketing messages from this business"),
    131051: (400, "Message type unknown"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131055: (400, "Method not allowed"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131060: (400, "This message is currently unavailable"),
    131062: (400, "Business-scoped User ID (BSUID) recipients are not supported for this message"),
    131063: (400, "Marketing templates are not allowed on this endpoint"),
    131064: (400, "Template messages are capped"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Translated text too long"),
    132007: (400, "Template content policy violated"),
    132008: (400, "Parameter value does not match"),
    132012: (400, "Parameter format does not match format in the created template"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    132018: (400, "Template parameters validation failed"),
    132021: (400, "Template name conflict"),
    133010: (400, "Phone number not registered"),
    134011: (400, "Payments terms of service not accepted"),
    135000: (400, "Generic user error"),
    137000: (400, "Recipient identity hash mismatch"),
    139200: (403, "Direct Send is blocked"),
}
TRANSIENT = {2, 4, 80007, 130429, 613, 131000, 131016, 131056, 131057}
HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


class GraphError(Exception):
    """A call refused: `status` overrides the usual HTTP status of the code."""

    def __init__(self, code: int, details: str = "", *, subcode: int = 0, status: int = 0) -> None:
        super().__init__(code, details)
        usual, self.title = KNOWN.get(code, (400, "Unknown error"))
        self.code, self.details, self.subcode, self.status = (
            code,
            details or self.title,
            subcode,
            status or usual,
        )

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
        return web.json_response({"error": error}, status=self.status)


def status_error(code: int, details: str = "") -> dict[str, Any]:
    """An element of `statuses[].errors[]`."""
    _, title = KNOWN.get(code, (400, "Unknown error"))
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or title},
        "href": HREF,
    }
