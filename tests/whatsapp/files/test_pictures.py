"""Pictures as phones and scanners make them: drawn as every viewer shows them, in bounded memory."""

import io
import struct
import subprocess
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageCms

from tests.files import picture
from whatsapp.files import isolation, pictures
from whatsapp.files.isolation import Refused

HEAP = 150 * 1024 * 1024


def drawn(content: bytes) -> Image.Image:
    """The picture as the staff will see it."""
    return Image.open(io.BytesIO(isolation.run("draw", content).parts[0]))


def heif(size: tuple[int, int]) -> bytes:
    output = io.BytesIO()
    pillow_heif.from_pillow(Image.linear_gradient("L").resize(size).convert("RGB")).save(output)
    return output.getvalue()


def apng() -> bytes:
    output = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(output, "PNG", save_all=True, append_images=frames[1:])
    return output.getvalue()


def png(size: tuple[int, int], depth: int, rows: bytes) -> bytes:
    """A grey PNG written by hand, for what Pillow does not write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def sixteen_bits() -> bytes:
    """Grey from black to white in 16 bits."""
    row = b"\0" + b"".join(struct.pack(">H", x * 257) for x in range(256))
    return png((256, 8), 16, row * 8)


@pytest.mark.parametrize(
    "content",
    [
        heif((640, 480)),
        picture((640, 480), "AVIF"),
        picture((640, 480), "WEBP"),
        picture((640, 480), "TIFF"),
        picture((640, 480), "JPEG", mode="CMYK"),
        picture((640, 480), "PNG", mode="1"),
        picture((640, 480), "GIF"),
    ],
    ids=["HEIC", "AVIF", "WebP", "TIFF", "CMYK", "bilevel", "GIF"],
)
def test_every_usual_format_is_drawn(content: bytes) -> None:
    image = drawn(content)
    assert (image.size, image.mode, image.format) == ((640, 480), "RGB", "JPEG")
    low, high = image.convert("L").getextrema()
    assert int(str(low)) < 30
    assert int(str(high)) > 220


def test_of_an_animation_the_first_frame() -> None:
    red, _, blue = drawn(apng()).getpixel((10, 10))  # type: ignore[misc]
    assert red > 200 > 50 > blue


def test_16_bits_of_grey_stay_a_gradient() -> None:
    image = drawn(sixteen_bits()).convert("L")
    shades = [int(str(image.getpixel((x, 4)))) for x in (0, 64, 128, 192, 255)]
    assert shades == pytest.approx([0, 64, 128, 192, 255], abs=8)


@pytest.mark.parametrize("part", [0.97, 0.6])
def test_a_truncated_photo_is_drawn_as_far_as_it_goes(part: float) -> None:
    content = picture((800, 600), quality=95)
    result = isolation.run("draw", content[: int(len(content) * part)])
    assert result.facts["partial"]
    image = Image.open(io.BytesIO(result.parts[0])).convert("L")
    assert image.getpixel((400, 60)) == pytest.approx(25, abs=12)


def test_a_photo_without_its_last_two_bytes_is_whole_to_see() -> None:
    content = picture((800, 600))
    assert drawn(content[:-2]).size == (800, 600)


def test_a_header_without_a_picture_is_refused() -> None:
    with pytest.raises(Refused):
        isolation.run("draw", picture((800, 600))[:620])


def test_colours_are_converted_before_their_profile_is_dropped() -> None:
    """LAB is a profile of colours far from sRGB that Pillow makes itself."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    output = io.BytesIO()
    Image.new("LAB", (16, 16), (128, 200, 128)).save(output, "TIFF", icc_profile=lab.tobytes())
    red, green, _ = drawn(output.getvalue()).getpixel((8, 8))  # type: ignore[misc]
    assert red > green + 60
    assert "icc_profile" not in drawn(output.getvalue()).info


@pytest.mark.parametrize(
    "make",
    [
        lambda: picture((12000, 9000), mode="L"),  # a telephone's 108 megapixels
        lambda: picture((8192, 6144), mode="L"),
        lambda: picture((7016, 9921), "PNG", mode="L"),  # A3 at 600 dpi
        lambda: picture((7016, 9921), "PNG", mode="1"),
        lambda: heif((4032, 3024)),
    ],
    ids=["108 MP", "50 MP", "A3 grey", "A3 bilevel", "HEIC 12 MP"],
)
def test_large_ones_are_reduced(make: Callable[[], bytes]) -> None:
    assert pictures.REDUCED_SIDE <= max(drawn(make()).size) <= pictures.PICTURE_SIDE


@pytest.mark.parametrize(
    "content",
    [picture((7050, 7050), "PNG", mode="RGBA"), png((60_000, 60_000), 8, b"")],
    ids=["50 megapixels of colour", "3,600 megapixels of black"],
)
def test_a_bomb_costs_its_own_process_only(content: bytes) -> None:
    with pytest.raises(Refused) as refused:
        isolation.run("draw", content)
    assert refused.value.code == "large"


def test_a_job_gets_its_share_of_memory_and_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[dict[str, Any]] = []
    run = subprocess.run

    def watched(*args: Any, **options: Any) -> Any:
        given.append(options)
        return run(*args, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    assert isolation.run("draw", picture()).parts
    assert given[0]["env"] == {}
    assert isolation.MEMORY - HEAP <= 20 * 1024 * 1024


def test_pictures_are_drawn_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = [0], [0]
    run = subprocess.run

    def watched(*args: Any, **options: Any) -> Any:
        running[0] += 1
        most[0] = max(most[0], running[0])
        try:
            return run(*args, **options)
        finally:
            running[0] -= 1

    monkeypatch.setattr(subprocess, "run", watched)
    with ThreadPoolExecutor(3) as pool:
        assert all(result.parts for result in pool.map(isolation.run, ["draw"] * 3, [picture()] * 3))
    assert most == [1]
