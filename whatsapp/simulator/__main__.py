"""`python -m whatsapp.simulator`."""

from aiohttp import web

from .app import create_app
from .config import Config


def main() -> None:
    config = Config.from_environment()

    def listening(_: str) -> None:
        print(f"Simulatore di WhatsApp: http://{config.host}:{config.port}/", flush=True)

    try:
        # Ends on SIGINT and SIGTERM. Without the access log: it would be thousands of lines a minute.
        web.run_app(
            create_app(config),
            host=config.host,
            port=config.port,
            shutdown_timeout=3,
            print=listening,
            access_log=None,
        )
    except OSError as error:
        raise SystemExit(
            f"Il simulatore non può usare {config.host}:{config.port}: {error.strerror}"
        ) from None


if __name__ == "__main__":
    main()
