"""What a log line may say: no number, name, address, token or message id, tracebacks included.

`MaskingFormatter` is the formatter of Django's, Celery's and gunicorn's handlers.
"""

import logging
import re
from typing import Any

_MASKS = (
    # A provider's message id holds the number in base64: with its prefix, bare, or quoted for an address.
    re.compile(r"(?i:wamid\.)(?:[\w+/=-]|%[0-9A-Fa-f]{2})+|\bHBg(?:[\w+/=-]|%[0-9A-Fa-f]{2}){16,}"),
    # A business-scoped user id.
    re.compile(r"\b[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{8,128}\b"),
    # An e-mail address.
    re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}"),
    # The address of a citizen's page is its key, as is the one at which a password is chosen; a call's token
    # is its answer; secrets stand after their name.
    re.compile(r"(?<=/segnalazioni/)[\w%-]+|(?<=/password/)[\w-]+/[\w-]+|(?<=\bcall:)[\w-]{12,}"),
    re.compile(r"(?i:(?<=bearer )|(?<=token=)|(?<=secret=)|(?<=password=)|(?<=challenge=))[^\s&'\",;)]+"),
    # A number as people write it, then any long run of digits: a number or a WhatsApp id.
    re.compile(r"\+\d{1,3}(?:[ ./()-]{0,2}\d){6,14}|\b(?:39[ ./-]?)?3\d\d(?:[ ./-]?\d){6,7}\b"),
    re.compile(r"\+?\d{8,}"),
)
# What PostgreSQL quotes: a row's values, which may hold line breaks of their own, or a piece of the query.
_QUOTED = re.compile(r"(?:^\s*|\\n)(?:DETAIL|LINE \d+|CONTEXT|QUERY|STATEMENT):|Failing row contains")
_RESUMED = re.compile(
    r"^[\s|+]*(?:Exception Group )?(?:Traceback \(most recent call last\)"
    r"|The above exception was the direct cause|During handling of the above exception)"
)
# They would let a stranger write on the terminal of who reads the log.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_VALUE = re.compile(r"(?<=invalid input syntax for type )([a-z ]{1,40}: ).*")


def masked(text: str) -> str:
    """The text without what the database quotes, numbers, ids, addresses and tokens; linear in its length."""
    lines = []
    quoting = False
    for line in text.split("\n"):
        quoting = quoting and not _RESUMED.match(line)
        if quoting:
            continue
        if quoted := _QUOTED.search(line):
            quoting = True
            line = line[: quoted.start()]
        lines.append(_VALUE.sub(r"\1***", line))
    text = _CONTROL.sub("?", "\n".join(lines))
    for pattern in _MASKS:
        text = pattern.sub("***", text)
    return text


class MaskingFormatter(logging.Formatter):
    """Masks the message, the traceback and the stack, whoever wrote the line.

    A request that is refused, and what Django calls suspicious (a forged host, a body too large), is one
    line: anybody can cause it.
    """

    def format(self, record: logging.LogRecord) -> str:
        is_refusal = record.name == "django.request" and record.levelno < logging.ERROR
        if is_refusal or record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        try:
            return super().format(record)
        except (KeyError, TypeError, ValueError):
            # Else Python prints the arguments as they are.
            return f"{record.levelname} {record.name} wrong arguments for a log line ({record.lineno})"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = masked(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return masked(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return masked(super().formatStack(stack_info))
