"""A real Alertmanager with the configuration that settings make, and receivers beside it."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstlight.lab.packages import ensure
from firstlight.monitor import alertmanager as configuration
from firstlight.rendering import TEMPLATES
from firstlight.secret import Secret
from firstlight.settings.alerts import Alerts
from firstlight.settings.receiver import Receiver
from firstlight.settings.secret_source import SecretSource
from tests.monitor.sinks import Got, http_sink, mail_sink, until

# Another version than this machine's: the folder of its two programs.
PROGRAMS = Path(os.environ.get("FIRSTLIGHT_TEST_ALERTMANAGER", "/usr/bin"))
SECRETS = {
    "hook-url": "http://127.0.0.1:{http}/hook/SECRET-one",
    "hook-token": "SECRET-two",
    "chat-url": "http://127.0.0.1:{http}/chat/SECRET-three",
    "pager-key": "SECRET-four",
    "mail-password": "SECRET-six",
    "beat-url": "http://127.0.0.1:{http}/beat/SECRET-five",
}


def programs() -> Path:
    """Return the folder of Alertmanager's programs, installed where they are not."""
    if not (PROGRAMS / "amtool").exists():
        ensure(print, {"prometheus-alertmanager": "/usr/bin/amtool"})
    return PROGRAMS


def settings(http: int, smtp: int, **change: Any) -> Alerts:
    """Return settings with a receiver of each kind."""
    mail = {"to": ["a@example.net"], "sender": "b@example.net", "server": "127.0.0.1"}
    data: dict[str, Any] = {
        "receivers": {
            "hook": {"webhook": {"secret_url": "hook-url", "token": "hook-token"}},
            "mail": {"email": {**mail, "port": smtp, "tls": False}},
            "chat": {"slack": {"url": "chat-url", "channel": "#llm"}},
            "pager": {
                "pagerduty": {"key": "pager-key", "url": f"http://127.0.0.1:{http}/pager"},
                "severities": ["critical"],
            },
        },
        "wait": 1,
        "interval": 1,
    }
    found = Alerts.model_validate(data | change)
    if found.watchdog is None:
        return found
    # Oftener than settings allow: no test waits for it.
    return found.model_copy(update={"watchdog": found.watchdog.model_copy(update={"every": 2})})


def signed_in(alerts: Alerts, port: int) -> Alerts:
    """Return settings whose only receiver is a mail server that wants TLS and a password."""
    mail = {
        "to": ["a@example.net"],
        "sender": "b@example.net",
        "server": "127.0.0.1",
        "port": port,
        "user": "monitor",
        "password": "mail-password",
        "ca": "mail.crt",
    }
    receiver = Receiver.model_validate({"email": mail})
    return alerts.model_copy(update={"receivers": {"mail": receiver}})


@dataclass
class Running:
    """A running Alertmanager and what its receivers got."""

    url: str
    folder: Path
    http: Got
    mail: Got
    alerts: Alerts
    pid: int

    def get(self, path: str) -> str:
        """Return what its API says at ``path``."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return str(answer.read().decode())

    def fire(self, *labels: dict[str, str], lasts: float = 300) -> None:
        """Fire alerts as Prometheus does; one that lasts 0 seconds is over."""
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + lasts))
        notes = {"summary": "it is hot", "action": "cool it", "runbook": "docs/runbooks/Hot.md"}
        body = [{"labels": each, "annotations": notes, "endsAt": ends} for each in labels]
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=5).close()

    def log(self) -> str:
        """Return what it said."""
        return (self.folder / "log").read_text()


def secret_of(http: int) -> configuration.Resolve:
    """Return what has the secrets of :data:`SECRETS`."""

    def secret(source: SecretSource, what: str) -> Secret:
        assert source.file is not None, what
        return Secret(SECRETS[source.file.name].format(http=http))

    return secret


def free_port() -> int:
    """Return a port of loopback that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def write(folder: Path, alerts: Alerts, http: int) -> str:
    """Write the configuration and what it is loaded with; return its text."""
    template = (TEMPLATES / "etc/firstlight/alertmanager/firstlight.tmpl").read_text()
    (folder / "firstlight.tmpl").write_text(template)
    secret = secret_of(http)
    text = configuration.text(alerts, secret, str(folder), {"firstlight.tmpl": template}).reveal()
    (folder / "alertmanager.yml").write_text(text)
    return text


@contextmanager
def running(folder: Path, tls: ssl.SSLContext | None = None, **change: Any) -> Iterator[Running]:
    """Alertmanager on a free port, told to by ``change`` of the settings; debug logs in the folder."""
    with http_sink() as http, mail_sink(tls) as mail:
        alerts, port = settings(http.port, mail.port, **change), free_port()
        if tls is not None:
            alerts = signed_in(alerts, mail.port)
        write(folder, alerts, http.port)
        words = [
            str(programs() / "prometheus-alertmanager"),
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=debug",
        ]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
        found = Running(f"http://127.0.0.1:{port}", folder, http, mail, alerts, process.pid)
        try:
            assert until(lambda: "Listening on" in found.log()), found.log()
            yield found
        finally:
            process.terminate()
            process.wait(10)
