"""What the town sends: as WhatsApp takes it, and without what a file says about who made it, and where."""

from whatsapp.errors import ContentError
from whatsapp.files import clips, isolation, kinds
from whatsapp.files.clips import Track
from whatsapp.files.isolation import Refused
from whatsapp.files.kinds import File
from whatsapp.types import Kind

VIDEOS = {"video/mp4", "video/3gpp"}
WRONG_TYPE = (
    "Questo tipo di file non si può inviare: usa una foto (JPEG, PNG, HEIC, WebP), un video MP4 o un PDF."
)
QUICKTIME = "Il video è nel formato MOV (QuickTime), che WhatsApp non apre: salvalo come MP4 e riprova."
AGAIN = "salvalo come MP4 H.264 con audio AAC e riprova."
NO_PICTURE = "Il file non è un'immagine leggibile: usa una foto JPEG o PNG."
LARGE_PICTURE = "L'immagine è troppo grande: riducila, oppure salvala come JPEG, e riprova."
ACTIVE_PDF = (
    "Questo PDF contiene un programma o altri file: i telefoni lo segnalano come pericoloso. Aprilo, salvalo "
    "di nuovo con «Stampa» → «Salva come PDF» e riprova."
)
PDF_REFUSED = {
    "password": "Il PDF è protetto da una password: salvalo senza e riprova.",
    "large": "Il PDF è troppo complicato: salvalo di nuovo con «Stampa» → «Salva come PDF» e riprova.",
    "unreadable": "Il PDF è rovinato e non si apre: salvalo di nuovo e riprova.",
}
SIGNED = (
    "Il PDF è firmato: parte com'è, anche con il nome dell'autore se c'è, perché ogni modifica annullerebbe "
    "la firma."
)
PARTIAL = "La foto è incompleta: guarda nell'anteprima se si vede quello che serve."
HEVC = {"hvc1", "hev1", "dvh1", "dvhe"}
HIGH_PROFILE = 100
HIGH = (
    "Il video è H.264 con il profilo «High», che molti telefoni Android non aprono: salvalo con il profilo "
    "«Main» o «Baseline» e riprova."
)


def prepare(content: bytes, name: str = "") -> File:
    """A file as it will be sent.

    Raises:
        ContentError: WhatsApp, or phones, would not open it; why and what to do, in Italian.
        OSError: try again later.
    """
    mime = kinds.sniff(content)
    if mime.startswith("image/"):
        return _picture(content, name)
    if mime in VIDEOS:
        return File(_clip(content), mime, Kind.VIDEO, kinds.name_for(name, mime))
    if mime == kinds.PDF:
        return _pdf(content, name)
    raise ContentError(refusal(mime))


def refusal(mime: str) -> str:
    """Why a file of this type cannot be sent; empty if it can."""
    if mime.startswith("image/") or mime in VIDEOS or mime == kinds.PDF:
        return ""
    return QUICKTIME if mime == "video/quicktime" else WRONG_TYPE


def _picture(content: bytes, name: str) -> File:
    try:
        drawn = isolation.run("draw", content)
    except Refused as refused:
        raise ContentError(LARGE_PICTURE if refused.code == "large" else NO_PICTURE) from refused
    return File(
        drawn.parts[0],
        "image/jpeg",
        Kind.IMAGE,
        kinds.name_for(name, "image/jpeg"),
        thumbnail=drawn.parts[1],
        note=PARTIAL if drawn.facts["partial"] else "",
    )


def _pdf(content: bytes, name: str) -> File:
    try:
        cleaned = isolation.run("clean_pdf", content)
    except Refused as refused:
        raise ContentError(PDF_REFUSED.get(refused.code, PDF_REFUSED["unreadable"])) from refused
    if cleaned.facts["does"]:
        raise ContentError(ACTIVE_PDF)
    signed = cleaned.facts["signed"]
    return File(
        content if signed else cleaned.parts[0],
        kinds.PDF,
        Kind.DOCUMENT,
        kinds.name_for(name, kinds.PDF),
        note=SIGNED if signed else "",
    )


def _clip(content: bytes) -> bytes:
    try:
        problem = _problem(clips.tracks(content))
        if not problem:
            return clips.without_private_data(content)
    except clips.Broken as error:
        raise ContentError(f"Il video è rovinato: {AGAIN}") from error
    raise ContentError(f"{problem} {AGAIN}" if problem.endswith(":") else problem)


def _problem(tracks: list[Track]) -> str:
    """Why phones would not play a clip with these tracks, in Italian; empty if they do."""
    videos = [track for track in tracks if track.handler == "vide"]
    sounds = [track for track in tracks if track.handler == "soun"]
    if not videos:
        return "Nel file c'è solo audio." if sounds else "Il video è rovinato o incompleto:"
    codecs = {codec for track in videos for codec in track.codecs}
    if codecs & HEVC:
        return "Il video è nel formato HEVC (H.265), che WhatsApp non apre:"
    if not codecs or not codecs <= clips.H264:
        return "Il video è in un formato che WhatsApp non apre:"
    if any(_beyond_phones(track) for track in videos):
        return HIGH
    if len(sounds) > 1 or any(set(track.codecs) != {"mp4a"} for track in sounds):
        return "L'audio del video è in un formato che WhatsApp non apre:"
    if len(tracks) > len(videos) + len(sounds):
        return "Il video contiene altri dati (per esempio il percorso di chi riprendeva):"
    return ""


def _beyond_phones(track: Track) -> bool:
    """Android's WhatsApp does not play H.264 High with B-frames, nor any profile above High."""
    return track.profile > HIGH_PROFILE or (track.profile == HIGH_PROFILE and track.reordered)
