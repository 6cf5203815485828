"""`make run`: the whole service on one's own machine, WhatsApp included, until Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

from regalbuto_urp.local import (
    BASE_DIR,
    TRIAL_ENVIRONMENT,
    Servers,
    answers,
    check_port,
    claim_folder,
    home,
    start_simulator,
    stop_process,
    wait_for,
)

PROCESSES = ["web", "alert", "reply", "media", "bulk", "beat"]
DEMO_PASSWORD = "regalbuto"
DEMO_USERS = {
    "segreteria": "scrive gli avvisi, tratta le segnalazioni",
    "responsabile": "approva, e fa tutto ciò che fa la segreteria",
    "revisore": "legge ed esporta iscritti e consensi",
    "amministratore": "configura il servizio",
}


def environment() -> dict[str, str]:
    """The variables of a trial; what the person has set already wins."""
    port, simulator_port = os.environ.get("PORT", "8000"), os.environ.get("SIMULATOR_PORT", "8001")
    trial = {
        **TRIAL_ENVIRONMENT,
        "PORT": port,
        "SIMULATOR_PORT": simulator_port,
        "HOST": "127.0.0.1",
        "SITE_URL": f"http://localhost:{port}",
        "WHATSAPP_API_URL": f"http://127.0.0.1:{simulator_port}/v25.0",
        "SIMULATOR_WEBHOOK_URL": f"http://127.0.0.1:{port}/webhooks/cloud_api/",
        "MEDIA_ROOT": str(home() / "media"),
        "CONSENT_JOURNAL": str(home() / "consensi.jsonl"),
        "BEAT_SCHEDULE": str(home() / "beat"),
        "LOG_LEVEL": "WARNING",  # so that the addresses stay in sight
    }
    path = f"{BASE_DIR / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**trial, **os.environ, "PATH": path}


def manage(env: dict[str, str], *arguments: str) -> None:
    """Run one management command and stop at its failure."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=env, check=True)


def interrupt(signum: int, frame: FrameType | None) -> None:
    """Stop once: an impatient second Ctrl-C must not leave servers behind."""
    listen(signal.SIG_IGN)
    raise KeyboardInterrupt


def listen(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Set by hand, because a shell that starts us in the background leaves SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def main() -> None:
    """Start everything, say where it is, wait for Ctrl-C, stop everything in turn."""
    listen(interrupt)
    env = environment()
    for variable in ("PORT", "SIMULATOR_PORT"):
        check_port(int(env[variable]), variable)
    with ExitStack() as running, claim_folder():
        if not {"DATABASE_URL", "CELERY_BROKER_URL"} <= env.keys():
            servers = Servers(home())
            running.callback(servers.stop)
            servers.start()
            servers.create_database("whatsurp")
            env |= servers.environment("whatsurp")
        running.callback(stop_process, start_simulator(env))
        manage(env, "migrate", "--noinput", "--verbosity", "0")
        manage(env, "collectstatic", "--noinput", "--verbosity", "0")
        manage(env, "sync_templates")
        manage(env, "demo_data")
        command = [sys.executable, "-m", "honcho", "start", *PROCESSES]
        honcho = subprocess.Popen(command, cwd=BASE_DIR, env=env, start_new_session=True)
        running.callback(stop_process, honcho, seconds=20)
        wait_for(lambda: answers(f"http://127.0.0.1:{env['PORT']}/"), "Il sito", seconds=60)
        say_where(env)
        honcho.wait()


def say_where(env: dict[str, str]) -> None:
    """The addresses and the demo users."""
    users = "\n".join(f"    {name:<15} {what}" for name, what in DEMO_USERS.items())
    site, simulator = env["SITE_URL"], f"http://localhost:{env['SIMULATOR_PORT']}"
    print(
        f"\n  WhatsURP è in funzione. Ctrl-C ferma tutto.\n\n"
        f"    Sito          {site}/\n    Back office   {site}/admin/\n    Telefoni      {simulator}/\n"
        f"\n  Utenti di prova (parola d'ordine «{DEMO_PASSWORD}»):\n{users}\n",
        flush=True,
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\n  WhatsURP si è fermato.")
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"WhatsURP non è partito: {error}")
