"""How long what is known of the staff's access is kept (`whatsapp.personal_data`)."""

from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.sessions.models import Session

from regalbuto_urp.models import ChangeRequest
from whatsapp.personal_data import Clock, deleting

CLOCKS = (
    Clock(
        slug="requests",
        name="Richieste tra amministratori",
        explanation="Chi ha chiesto una modifica degli utenti o del servizio, chi l'ha decisa e perché; i "
        "dati del nuovo utente. Che cosa è stato fatto resta nel registro delle azioni.",
        days=365,
        minimum=30,
        due=lambda before: ChangeRequest.objects.filter(expires_at__lt=before),
        discard=deleting(ChangeRequest),
    ),
    Clock(
        slug="attempts",
        name="Tentativi di accesso falliti",
        explanation="Nome utente, indirizzo e browser di chi ha sbagliato la password. Servono per il quarto "
        "d'ora di blocco.",
        days=1,
        due=lambda before: AccessAttempt.objects.filter(attempt_time__lt=before),
        discard=deleting(AccessAttempt),
    ),
    Clock(
        slug="failures",
        name="Password sbagliate in un giorno",
        explanation="Nome utente e ora, senza indirizzi. Servono per il limite di un giorno.",
        days=1,
        due=lambda before: AccessFailureLog.objects.filter(attempt_time__lt=before),
        discard=deleting(AccessFailureLog),
    ),
    Clock(
        slug="sessions",
        name="Sessioni finite",
        explanation="Del personale: quando è entrato e con quale browser. Si contano i giorni dalla fine.",
        days=1,
        due=lambda before: Session.objects.filter(expire_date__lt=before),
        discard=deleting(Session),
    ),
)
