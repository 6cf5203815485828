"""The guide's story, played in a browser with real workers, at a desk and on a phone; its clicks counted."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.chromium import DESK, PHONE
from tests.guide import counts
from tests.guide.practice import Practice
from tests.guide.story import CHAPTERS, Cast

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.xdist_group("journeys"),  # one town at a time
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    running = Practice("guide", broker=6, media=tmp_path_factory.mktemp("practice"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("round", [0, 1], ids=["desk", "phone"])
def test_the_guide_tells_the_truth(town: Practice, browser: Browser, round: int) -> None:
    cast = Cast(browser, town, (DESK, PHONE)[round], round=round)
    for chapter in CHAPTERS:
        chapter(cast)
    cast.close()
    asked, approved = cast.counts["ask", "un'allerta"], cast.counts["approve", "un'allerta"]
    assert asked.clicks <= 4, "beside the text"
    assert approved.clicks + approved.fields <= 3
    assert counts.written() == counts.table(cast.counts), "«make guide» writes the table anew"
