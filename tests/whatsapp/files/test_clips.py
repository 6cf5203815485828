"""Clips: the sample description decides, and the place stays at home."""

from pathlib import Path

import pytest

from tests.files import box, clip, track
from whatsapp.errors import ContentError
from whatsapp.files import clips, kinds, outgoing

H264, AAC = track(b"vide", b"avc1"), track(b"soun", b"mp4a")
PLACE = box(b"udta", box(b"\xa9xyz", b"+37.6525+014.6398/"), box(b"meta", b"Maria Rossi"))
EXAMPLE = Path(clips.__file__).parents[1] / "data/examples/video.mp4"


@pytest.mark.parametrize("brand", [b"3gp4", b"3gp5", b"3gp6", b"3gr6", b"3g2a", b"3ge7"])
def test_3gp_of_every_brand(brand: bytes) -> None:
    assert kinds.sniff(clip(brand=brand)) == "video/3gpp"
    assert outgoing.prepare(clip(brand=brand), "clip.3gp").name == "clip.3gp"


@pytest.mark.parametrize(
    ("brand", "mime"),
    [(b"qt  ", "video/quicktime"), (b"isom", "video/mp4"), (b"M4A ", "audio/mp4"), (b"avif", "image/avif")],
)
def test_the_brand_tells_the_type(brand: bytes, mime: str) -> None:
    assert kinds.sniff(clip(brand=brand)) == mime


def test_quicktime_without_a_brand() -> None:
    assert kinds.sniff(box(b"moov", H264) + box(b"mdat", bytes(9))) == "video/quicktime"


def test_a_true_clip_is_taken() -> None:
    content = EXAMPLE.read_bytes()
    [video, sound] = clips.tracks(content)
    assert (video.codecs, video.profile, sound.codecs) == (["avc1"], 66, ["mp4a"])
    assert len(outgoing.prepare(content).content) == len(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (clip(track(b"vide", b"vp09"), AAC), "formato che WhatsApp non apre"),
        (clip(track(b"vide", b"av01"), AAC), "formato che WhatsApp non apre"),
        (clip(track(b"vide", b"hvc1"), AAC, private=box(b"free", b"avc1")), "HEVC"),
        (clip(track(b"vide", b"hev1")), "HEVC"),
        (clip(AAC), "solo audio"),
        (clip(H264, track(b"soun", b"samr")), "audio del video"),
        (clip(H264, AAC, AAC), "audio del video"),
        (clip(track(b"vide", b"avc1", profile=110)), "profilo"),
        (clip(track(b"vide", b"avc1", profile=100, offsets=(0, 2, 1))), "profilo"),
        (clip(H264, track(b"meta", b"gpmd")), "percorso"),
        (clip()[:60], "rovinato"),
        (clip(brand=b"qt  "), "MOV"),
    ],
    ids=["VP9", "AV1", "HEVC in disguise", "hev1", "audio only", "AMR", "two sounds", "High 10", "B-frames",
         "GPS track", "cut", "MOV"],
)  # fmt: skip
def test_what_phones_do_not_play_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        outgoing.prepare(content, "clip.mp4")


def test_high_without_b_frames_is_taken() -> None:
    assert outgoing.prepare(clip(track(b"vide", b"avc1", profile=100, offsets=(1, 1))))


def test_the_place_and_the_owner_are_emptied_where_they_stand() -> None:
    content = clip(H264, AAC, private=PLACE + PLACE) + box(b"uuid", b"x" * 16, b"Maria Rossi")
    sent = outgoing.prepare(content).content
    assert len(sent) == len(content)
    assert b"37.6525" not in sent
    assert b"Maria" not in sent
    assert sent.index(b"mdat") == content.index(b"mdat")


def test_a_clip_of_endless_boxes_is_refused() -> None:
    with pytest.raises(ContentError, match="rovinato"):
        outgoing.prepare(clip(H264, private=box(b"free") * 30_000))
