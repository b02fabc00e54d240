"""What the SIMULATED Grafana answers over HTTP."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler
from typing import Any

from .accounts import Accounts
from .configuration import Configuration
from .provisioned import Provisioned

SECONDS = 10
MOST = 65536
LOGIN = """<!DOCTYPE html><html><head><title>Grafana (SIMULATED)</title></head>
<body><h1>SIMULATED Grafana</h1><p>It stands where Grafana stands, and draws nothing.</p></body></html>
"""
SOURCE, DASHBOARD = "/api/datasources/uid/", "/api/dashboards/uid/"
RELOAD = "/api/admin/provisioning/dashboards/reload"
Answer = tuple[int, Any]


class Pages(BaseHTTPRequestHandler):
    """One request."""

    timeout = SECONDS
    configuration: Configuration
    accounts: Accounts
    provisioned: Provisioned

    @classmethod
    def of(
        cls, configuration: Configuration, accounts: Accounts, provisioned: Provisioned
    ) -> type[Pages]:
        """Return the pages of one server."""
        parts = {
            "configuration": configuration,
            "accounts": accounts,
            "provisioned": provisioned,
        }
        return type("Served", (cls,), parts)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/api/health":
            self.say(200, {"database": "ok", "version": "SIMULATED"})
        elif path == "/login":
            self.say(200, LOGIN)
        elif not path.startswith("/api/"):
            if self.who() in ("", None):
                self.say(302, "", Location="/login")
            else:
                self.say(200, LOGIN)
        else:
            self.guarded(path, query)

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), MOST)
        text = self.rfile.read(length)
        if self.path == "/login":
            self.login(text)
        elif self.who() != "admin":
            self.say(401, {"message": "Unauthorized"})
        elif self.path == RELOAD:
            self.provisioned.load()
            self.say(200, {"message": "Dashboards config reloaded"})
        else:
            self.say(404, {"message": "Not found"})

    def login(self, text: bytes) -> None:
        """Begin a session for who gives the right name and password."""
        try:
            given = json.loads(text)
            right = self.accounts.knows(str(given["user"]), str(given["password"]))
        except (ValueError, KeyError, TypeError):
            right = False
        if not right:
            self.say(401, {"message": "Invalid username or password"})
            return
        secure = self.configuration.flag("security", "cookie_secure", False)
        flags = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
        cookie = f"grafana_session={self.accounts.session()}; {flags}"
        self.say(200, {"message": "Logged in"}, **{"Set-Cookie": cookie})

    def who(self) -> str | None:
        """Return ``admin``, ``anonymous``, "" for nobody, and None for a wrong password."""
        given = self.headers.get("Authorization", "")
        if given.startswith("Basic "):
            try:
                user, _, password = base64.b64decode(given[6:]).decode().partition(":")
            except ValueError:
                return None
            return "admin" if self.accounts.knows(user, password) else None
        cookie = self.headers.get("Cookie", "").partition("grafana_session=")[2]
        if cookie.partition(";")[0] in self.accounts.sessions:
            return "admin"
        return "anonymous" if self.configuration.flag("auth.anonymous", "enabled", False) else ""

    def guarded(self, path: str, query: str) -> None:
        """Answer a request of the API."""
        who = self.who()
        if who is None:
            self.say(401, {"message": "Invalid username or password"})
        elif not who:
            self.say(401, {"message": "Unauthorized"})
        else:
            self.say(*self.found(path, query))

    def found(self, path: str, query: str) -> Answer:
        """Return what the API says to somebody who is let in."""
        dashboards, sources = self.provisioned.dashboards, self.provisioned.sources
        if path == "/api/org":
            return 200, {"id": 1, "name": "Main Org."}
        if path == "/api/search":
            return 200, [
                {
                    "uid": uid,
                    "title": each["title"],
                    "type": "dash-db",
                    "folderTitle": each["folder"],
                }
                for uid, each in dashboards.items()
            ]
        if path == "/api/datasources":
            return 200, list(sources.values())
        if path.startswith(DASHBOARD) and path.removeprefix(DASHBOARD) in dashboards:
            dashboard = dashboards[path.removeprefix(DASHBOARD)]
            return 200, {"dashboard": dashboard, "meta": {"provisioned": True}}
        if path.startswith(SOURCE) and path.endswith("/health"):
            source = sources.get(path.removeprefix(SOURCE).removesuffix("/health"))
            return asked(str(source["url"])) if source else (404, {"message": "no data source"})
        return 404, {"message": "Not found"}

    def say(self, status: int, answer: Any, **headers: str) -> None:
        """Answer with JSON or, where it is a text, with a page."""
        page = isinstance(answer, str)
        body = answer.encode() if page else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if page else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Simulated", "SIMULATED Grafana of a lab")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged, as Grafana's router does not by default."""


def asked(url: str) -> Answer:
    """Return what the data source's health says: Prometheus itself is asked."""
    query = urllib.parse.urlencode({"query": "1+1"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/api/v1/query?{query}", timeout=SECONDS) as answer:
            good = json.loads(answer.read()).get("status") == "success"
    except (OSError, ValueError, urllib.error.URLError) as error:
        return 400, {"status": "ERROR", "message": f"{error} - There was an error querying"}
    if not good:
        return 400, {"status": "ERROR", "message": "Prometheus gave no answer"}
    return 200, {"status": "OK", "message": "Successfully queried the Prometheus API."}
