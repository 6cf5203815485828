"""What the staff must see to, for the health page and the home page."""

from subscribers import heads, retention


def problems() -> list[str]:
    """In Italian; empty when all is well."""
    found = [retention.time_in_doubt()]
    if heads.late():
        found.append(
            "La testa del registro dei consensi non parte per e-mail da due giorni: controlla EMAIL_URL e "
            "CONSENT_HEAD_EMAIL."
        )
    return [problem for problem in found if problem]
