"""`make guide`: the pictures and the figures of docs/guida/, made from the running service.

It starts a PostgreSQL, a Redis, the site, the workers and a WhatsApp of its own, on practice data.
"""

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from tqdm import tqdm

from regalbuto_urp.local import BASE_DIR, TRIAL_ENVIRONMENT, Servers
from tests.chromium import CHROMIUM, PHONE, launch

WIDE = (1200, 860)
PICTURES = BASE_DIR / "docs" / "guida" / "immagini"


def main() -> None:
    """Tell the story once before the camera."""
    if CHROMIUM is None:
        sys.exit("Chromium non c'è: «apt-get install chromium», e poi di nuovo «make guide».")
    data = Path(tempfile.mkdtemp(prefix="whatsurp-guide-"))
    with ExitStack() as running:
        running.callback(shutil.rmtree, data, ignore_errors=True)
        servers = Servers(data, fast=True)
        running.callback(servers.stop)
        servers.start()
        os.environ.update(TRIAL_ENVIRONMENT, **servers.environment("whatsurp"))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regalbuto_urp.settings")
        make(data, running)


def make(data: Path, running: ExitStack) -> None:
    """With the servers there. Imported here: these read the settings, which name the servers."""
    from tests.guide import counts, people, practice, story

    (data / "town").mkdir()
    town = practice.Practice("guide", broker=0, media=data / "town")
    running.callback(town.stop)
    print("Si avvia il servizio con i dati di prova: circa un minuto.", flush=True)
    town.start()
    before = set(PICTURES.glob("*.webp"))
    for picture in before:
        picture.unlink()
    expect.set_options(timeout=people.PATIENCE)
    browser = launch(running.enter_context(sync_playwright()))
    cast = story.Cast(browser, town, WIDE, pocket=PHONE, camera=people.Camera(PICTURES))
    for chapter in tqdm(story.CHAPTERS, desc="Guida", unit="capitolo"):
        chapter(cast)
    cast.close()
    counts.write(cast.counts)
    made = sorted(PICTURES.glob("*.webp"))
    print(f"{len(made)} immagini, {sum(one.stat().st_size for one in made) // 1024} kB in tutto.")


if __name__ == "__main__":
    main()
