"""An nginx of its own around the edge's jwt.conf and jwt.js: what they let in, and as whom."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from firstlight.rendering import render
from tests.identity.issuer import AUDIENCE, ISSUER

PORT = 18080
PROBE = """
import jwt from 'jwt.js';
function token(r) {
  const header = r.headersIn['Authorization'] || '';
  return /^Bearer \\S+$/i.test(header) ? header.slice(7) : '';
}
function credential(r) {
  return r.variables.key_name || (jwt.plausible(token(r)) ? 'jwt' : '');
}
function show(r) { r.return(200, `${r.variables.jwt_name}|${r.variables.jwt_models}`); }
export default { credential, show };
"""
CONF = """
load_module /usr/lib/nginx/modules/ngx_http_js_module.so;
user www-data; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ }}
http {{
  access_log {folder}/access.log; default_type text/plain;
  js_path {folder}/; js_import probe from probe.js;
  js_set $credential probe.credential; js_var $jwt_name ""; js_var $jwt_models "";
  map $http_x_key $key_name {{ default ""; right alice; }}
  server {{
    listen {port};
    error_page 401 /.errors/$credential;
    include {folder}/jwt.conf;
    location / {{ if ($credential = "") {{ return 401; }} auth_request /.jwt; js_content probe.show; }}
    location = /.errors/ {{ internal; return 401 "first"; }}
    location = /.errors/jwt {{ internal; return 401 "later"; }}
  }}
}}
"""


def script_settings(**changes: Any) -> dict[str, Any]:
    """What jwt.js goes by in the tests, with ``changes``."""
    base = {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["RS256", "ES256"], "leeway": 60}
    return {**base, "name": "sub", "models": None, "keys": None, "file": None, **changes}


def texts(folder: str, settings: dict[str, Any], port: int = PORT) -> dict[str, str]:
    """The files of such an nginx in ``folder`` of its host."""
    return {
        "nginx.conf": CONF.format(folder=folder, port=port),
        "probe.js": PROBE,
        "jwt.conf": render("etc/nginx/firstlight/jwt.conf", folder=folder),
        "jwt.js": render("etc/nginx/firstlight/jwt.js", settings=json.dumps(settings)),
    }


def packed(found: dict[str, str]) -> bytes:
    """The files as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in found.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
