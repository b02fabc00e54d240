"""A SIMULATED oauth2-proxy: its paths and its option names, nothing of its OpenID Connect.

Run by itself it reads the configuration file as strictly as oauth2-proxy 7.15 does (an unknown
option is an error) and answers on the socket that the file names. Whoever has its cookie is ada.
"""

from __future__ import annotations

import http.server
import json
import os
import socketserver
import sys
import tomllib
from pathlib import Path

# Those of pkg/apis/options in oauth2-proxy 7.15.3 that a sign-in by OpenID Connect may use.
NAMES = """
http_address https_address reverse_proxy trusted_proxy_ips real_client_ip_header proxy_prefix
ping_path ready_path provider provider_ca_files provider_display_name use_system_trust_store
oidc_issuer_url oidc_email_claim oidc_groups_claim oidc_audience_claims oidc_extra_audiences
insecure_oidc_skip_nonce insecure_oidc_allow_unverified_email skip_oidc_discovery oidc_jwks_url
client_id client_secret client_secret_file redirect_url code_challenge_method scope prompt
allowed_groups email_domains authenticated_emails_file whitelist_domains upstreams
set_xauthrequest pass_access_token pass_user_headers pass_basic_auth skip_provider_button
cookie_name cookie_secret cookie_secret_file cookie_domains cookie_path cookie_expire
cookie_refresh cookie_secure cookie_httponly cookie_samesite session_cookie_minimal
session_store_type auth_logging request_logging standard_logging silence_ping_logging
metrics_address
"""
OPTIONS = frozenset(NAMES.split())
NEEDED = ("client_id", "client_secret", "cookie_secret", "email_domains", "oidc_issuer_url")


def check_options(found: dict[str, object]) -> None:
    """Raise ValueError for what oauth2-proxy would not start with."""
    if unknown := sorted(set(found) - OPTIONS):
        raise ValueError(f"unknown options: {', '.join(unknown)}")
    if missing := [name for name in NEEDED if not found.get(name)]:
        raise ValueError(f"missing settings: {', '.join(missing)}")


class Handler(http.server.BaseHTTPRequestHandler):
    cookie = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        back = self.headers.get("X-Auth-Request-Redirect", "")
        signed_in = f"{self.cookie}=ada" in self.headers.get("Cookie", "")
        if path == "/ping":
            self.say(200)
        elif path == "/oauth2/auth":
            who = {"X-Auth-Request-User": "ada", "X-Auth-Request-Email": "ada@example.net"}
            self.say(202 if signed_in else 401, who if signed_in else {})
        elif path == "/oauth2/start":
            self.say(302, {"Location": f"https://login.example.test/auth?state=x:{back}"})
        elif path == "/oauth2/callback":
            attributes = "Path=/; Secure; HttpOnly; SameSite=Lax"
            self.say(302, {"Location": "/", "Set-Cookie": f"{self.cookie}=ada; {attributes}"})
        else:
            self.say(404)

    def say(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        body = json.dumps({"SIMULATED": True, "path": self.path}).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "nginx"

    def log_message(self, *_: object) -> None:
        pass


def main(config: str) -> None:
    found = tomllib.loads(Path(config).read_text(encoding="utf-8"))
    check_options(found)
    address, _, mode = found["http_address"].removeprefix("unix://").partition(",mode=")
    Path(address).unlink(missing_ok=True)
    Handler.cookie = found["cookie_name"]
    with socketserver.ThreadingUnixStreamServer(address, Handler) as server:
        os.chmod(address, int(mode, 8))  # noqa: PTH101
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[-1])
