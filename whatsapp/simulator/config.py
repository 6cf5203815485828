"""Where the simulator listens, whom it answers and whom it calls: read once, at start."""

import dataclasses
import os
from collections.abc import Mapping

ENVIRONMENT = {
    "host": "SIMULATOR_HOST",
    "port": "SIMULATOR_PORT",
    "webhook_url": "SIMULATOR_WEBHOOK_URL",
    "app_secret": "WHATSAPP_APP_SECRET",
    "access_token": "WHATSAPP_ACCESS_TOKEN",
    "phone_number_id": "WHATSAPP_PHONE_NUMBER_ID",
    "waba_id": "WHATSAPP_WABA_ID",
    "app_id": "WHATSAPP_APP_ID",
    "display_number": "WHATSAPP_DISPLAY_NUMBER",
    "delay": "SIMULATOR_DELAY",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """`delay` is the mean wait, in seconds, before a status; secrets are those of the project."""

    host: str = "127.0.0.1"
    port: int = 8001
    webhook_url: str = "http://127.0.0.1:8000/webhooks/cloud_api/"
    app_secret: str = "simulatore-segreto"
    access_token: str = "simulatore-token"
    phone_number_id: str = "106540352242922"
    waba_id: str = "102290129340398"
    app_id: str = "634890215548127"
    display_number: str = "+393665340900"
    delay: float = 0.3

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Config":
        """Unset and empty variables leave the default."""
        given = {name: environ.get(variable, "") for name, variable in ENVIRONMENT.items()}
        kinds = {"port": int, "delay": float}
        return cls(**{name: kinds.get(name, str)(value) for name, value in given.items() if value})
