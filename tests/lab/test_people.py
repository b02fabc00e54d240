"""nginx's side of people's sign-in, with a SIMULATED oauth2-proxy behind it."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.edge import people
from firstlight.rendering import render
from firstlight.secret import Secret
from firstlight.settings.people import People
from tests.identity import nginx, signin
from tests.lab.let_in import let_in
from tests.lab.rack import TestRack

FOLDER, PORT, BEHIND = "/run/firstlight-test-people", 18081, 18082
SOCKET = f"{FOLDER}/oauth2-proxy.sock"
COOKIE = f"{people.COOKIE}=ada"
CONF = f"""
user www-data; worker_processes 1; pid {FOLDER}/pid; error_log {FOLDER}/error.log warn;
events {{ }}
http {{
  access_log off; default_type text/plain;
  server {{
    listen {PORT};
    error_page 401 /.errors/unauthorized;
    include {FOLDER}/people.conf;
    location = /.errors/unauthorized {{ internal; return 401 "edge"; }}
    location / {{ return 404; }}
  }}
}}
"""
ECHO = f"""
import http.server, json
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        headers = {{k.lower(): v for k, v in self.headers.items()}}
        body = json.dumps({{'path': self.path, 'headers': headers}}).encode()
        self.send_response(200); self.send_header('Content-Length', str(len(body)))
        self.end_headers(); self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(('127.0.0.1', {BEHIND}), Echo).serve_forever()
"""
START = f"""
set -eu; mkdir -p {FOLDER}; cd {FOLDER}
base64 -d <<'END' | tar -xzf -
TAR
END
chmod -R a+rX .
systemd-run --quiet --unit firstlight-test-echo python3 {FOLDER}/echo.py
systemd-run --quiet --unit firstlight-test-signin python3 {FOLDER}/signin.py {FOLDER}/oauth2-proxy.cfg
for _ in $(seq 300); do
  [ -S {SOCKET} ] && ss -Hltn | grep -q :{BEHIND} && exec nginx -q -c {FOLDER}/nginx.conf
  sleep 0.1
done
exit 1
"""
STOP = f"""
nginx -q -c {FOLDER}/nginx.conf -s stop; rm -rf {FOLDER}
systemctl stop firstlight-test-echo firstlight-test-signin
systemctl reset-failed firstlight-test-echo firstlight-test-signin
"""


def settings() -> People:
    """Settings of a sign-in before the echo."""
    return People.model_validate(
        {
            "issuer": "https://login.example.test",
            "client_id": "edge",
            "client_secret": "/nowhere",
            "email_domains": ["example.net"],
            "image": "quay.io/oauth2-proxy/oauth2-proxy@sha256:" + "0" * 64,
            "sites": [{"path": "/grafana/", "upstream": f"http://127.0.0.1:{BEHIND}"}],
        }
    )


class Answer:
    """What came back: status, headers by lower-case name, text."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.text = response.status, response.read().decode()
        self.headers = {name.lower(): value for name, value in response.getheaders()}


@pytest.fixture(scope="module")
def address(deployed: TestRack) -> Iterator[str]:
    wanted = settings()
    config = people.config(wanted, "https://edge.test", Secret("c"), Secret("s" * 32)).reveal()
    conf = "etc/nginx/firstlight/people.conf"
    texts = {
        "nginx.conf": CONF,
        "people.conf": render(conf, sites=wanted.sites, socket=SOCKET, folder=FOLDER),
        "headers.conf": "",
        "echo.py": ECHO,
        "signin.py": Path(signin.__file__).read_text(),
        "oauth2-proxy.cfg": config.replace(people.SOCKET, SOCKET),
    }
    tar = base64.b64encode(nginx.packed(texts)).decode()
    # What a try before this one left would be in the way.
    deployed.sh("lab1", STOP, check=False)
    try:
        deployed.sh("lab1", START.replace("TAR", tar), timeout=120)
        with let_in(deployed, "lab1", PORT):
            yield deployed.address("lab1")
    finally:
        deployed.sh("lab1", STOP, check=False)


def ask(address: str, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(address, PORT, timeout=10)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=given)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def test_a_browser_is_sent_to_the_provider_and_back(address: str) -> None:
    asked = "/grafana/d/1?from=a&to=b%20c&x=http://evil.test/"
    answer = ask(address, asked, Accept="text/html,*/*")
    assert answer.status == 302
    # Where to come back to is the whole of what was asked for, with its query.
    assert answer.headers["location"] == f"https://login.example.test/auth?state=x:{asked}"
    spoofed = ask(address, asked, Accept="text/html", X_Auth_Request_Redirect="//evil.test")
    assert spoofed.headers["location"] == answer.headers["location"]
    back = ask(address, "/oauth2/callback?code=1&state=x", Accept="text/html")
    assert back.status == 302 and back.headers["set-cookie"].startswith(f"{COOKIE};")


def test_a_script_is_told_401(address: str) -> None:
    for method in ("GET", "POST"):
        answer = ask(address, "/grafana/api/x", method, Accept="application/json")
        assert answer.status == 401 and "location" not in answer.headers


def test_who_it_is_says_the_sign_in_alone(address: str) -> None:
    names = """X_Auth_Request_User X_Auth_Request_Email X_Auth_Request_Groups X_Forwarded_User
        X_Auth_Request_Preferred_Username X_Auth_Request_Access_Token X_Forwarded_Email
        X_Forwarded_Groups X_Webauth_User Remote_User"""
    lies = dict.fromkeys(names.split(), "root")
    answer = ask(address, "/grafana/d/1?a=b", Cookie=COOKIE, Authorization="Bearer x", **lies)
    assert answer.status == 200
    found = json.loads(answer.text)
    assert found["path"] == "/grafana/d/1?a=b" and "root" not in found["headers"].values()
    assert found["headers"]["x-auth-request-user"] == "ada"
    assert found["headers"]["x-auth-request-email"] == "ada@example.net"
    assert "authorization" not in found["headers"]
    assert ask(address, "/grafana/", Cookie=f"{people.COOKIE}=eve", **lies).status == 401


def test_a_websocket_goes_through(address: str) -> None:
    answer = ask(address, "/grafana/live", Cookie=COOKIE, Upgrade="websocket", Connection="Upgrade")
    found = json.loads(answer.text)["headers"]
    assert (found["upgrade"], found["connection"]) == ("websocket", "upgrade")
    plain = json.loads(ask(address, "/grafana/", Cookie=COOKIE).text)["headers"]
    assert "upgrade" not in plain and "connection" not in plain


def test_the_check_itself_is_not_for_clients(address: str) -> None:
    assert ask(address, "/oauth2/auth", Cookie=COOKIE).status == 404
