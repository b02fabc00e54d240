"""Proves that Grafana serves: it answers, lets the administrator in, and has every dashboard.

``ADDRESS FOLDER``: its URL on this host, and the folder with the files that it goes by. Runs as
root, as one file. 0: it serves; 3: it does not take the administrator's password; 1: why not, in
Grafana's own words, on stderr. Standard library only.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

WAIT_SECONDS = 60
REQUEST_SECONDS = 15
USER = "admin"
WRONG_PASSWORD = 3


class ProofError(Exception):
    """What is not as it shall be."""


class PasswordError(Exception):
    """The administrator's password is another one."""


class Grafana:
    """Its API, for the administrator."""

    def __init__(self, url: str, password: str) -> None:
        self.url = url
        pair = base64.b64encode(f"{USER}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {pair}", "Accept": "application/json"}
        # What a proxy of the host's environment is for is elsewhere.
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def ask(self, path: str, method: str = "GET", known: bool = True) -> tuple[int, Any]:
        """Return the status and the answer; status 0 where nothing answers."""
        headers = self.headers if known else {}
        request = urllib.request.Request(f"{self.url}{path}", None, headers, method=method)
        try:
            with self.open(request, timeout=REQUEST_SECONDS) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, parsed(error.read())
        except (OSError, ValueError) as error:
            return 0, {"message": str(error)}

    def until(self, path: str, good: Any, what: str) -> Any:
        """Ask until ``good`` says so of the answer, and return it. Raises :class:`ProofError`."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            status, answer = self.ask(path)
            if status == 401:
                raise PasswordError(words(answer))
            if status == 200 and good(answer):
                return answer
            if time.monotonic() > deadline:
                raise ProofError(f"{what} ({status or 'no answer'}): {words(answer)}")
            time.sleep(0.5)


def parsed(text: bytes) -> Any:
    """Return the answer's JSON, or its text."""
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace")[:300]


def words(answer: Any) -> str:
    """Return what Grafana said."""
    if isinstance(answer, dict):
        return str(answer.get("message") or answer.get("error") or json.dumps(answer)[:300])
    return str(answer)[:300]


def titles(dashboard: Any) -> list[str]:
    """Return the titles of a dashboard's panels."""
    return sorted(str(panel.get("title", "")) for panel in dashboard.get("panels", []))


def prove(grafana: Grafana, folder: Path) -> int:
    """Return how many dashboards are there. Raises :class:`ProofError`, :class:`PasswordError`."""
    grafana.until("/api/health", lambda said: said.get("database") == "ok", "it is not healthy")
    grafana.until("/api/org", lambda _: True, "the administrator cannot see it")
    status, answer = grafana.ask("/api/admin/provisioning/dashboards/reload", "POST")
    if status != 200:
        raise ProofError(f"dashboards are not loaded ({status}): {words(answer)}")
    wanted = [json.loads(path.read_text()) for path in sorted((folder / "dashboards").glob("*"))]
    for each in wanted:
        name, panels = each["title"], titles(each)
        grafana.until(
            f"/api/dashboards/uid/{each['uid']}",
            lambda said, panels=panels: titles(said.get("dashboard", {})) == panels,
            f"the dashboard {name} is not loaded as it was written",
        )
    grafana.until(
        "/api/datasources/uid/prometheus/health",
        lambda said: str(said.get("status", "")).upper() == "OK",
        "it cannot ask Prometheus",
    )
    return len(wanted)


def main(arguments: list[str]) -> int:
    """Return 0 when Grafana serves; see the module's text."""
    url, folder = arguments[0], Path(arguments[1])
    try:
        grafana = Grafana(url, (folder / "admin-password").read_text().strip())
        print(f"Grafana serves {prove(grafana, folder)} dashboards")
    except PasswordError as error:
        print(f"Grafana does not take the administrator's password: {error}", file=sys.stderr)
        return WRONG_PASSWORD
    except (ProofError, OSError, ValueError, KeyError) as error:
        print(f"Grafana: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
