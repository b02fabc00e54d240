"""One receiver of alerts in Alertmanager's words, and the host and port that it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from firstlight.errors import FirstlightError
from firstlight.settings.receiver import Email, Pagerduty, Slack, Webhook
from firstlight.settings.secret_source import SecretSource

Target = Email | Webhook | Slack | Pagerduty
Reveal = Callable[[SecretSource, str], str]
TITLE, TEXT = '{{ template "firstlight.title" . }}', '{{ template "firstlight.text" . }}'
PORTS = {"https": 443, "http": 80}
SEVERITIES = ("critical", "warning", "info")
UNSAID = "warning"
"""What an alert of another severity, or of none, is taken for: rules of people's own have such."""


def entry(target: Target, reveal: Reveal, ca: str) -> dict[str, Any]:
    """Return the entry of a receiver. ``reveal`` has its secrets; ``ca`` is its CA file's path."""
    if isinstance(target, Email):
        return mail(target, reveal, ca)
    found: dict[str, Any] = {}
    client: dict[str, Any] = {"tls_config": {"ca_file": ca}} if target.ca else {}
    if isinstance(target, Webhook):
        found["url"] = url(target, reveal)
        if target.token is not None:
            client["authorization"] = {"credentials": reveal(target.token, "token")}
    elif isinstance(target, Slack):
        found |= slack(target, url(target, reveal))
    else:
        found |= {
            "routing_key": reveal(target.key, "key"),
            "url": target.url,
            "client": "firstlight",
            "client_url": "",
            "severity": '{{ template "firstlight.severity" . }}',
            "description": TITLE,
            "details": {"text": TEXT},
        }
    return {**found, **({"http_config": client} if client else {})}


def matcher(severities: Collection[str]) -> str:
    """Return the matcher of alerts of these severities; no alert is nobody's for want of one."""
    if UNSAID not in severities:
        return f'severity=~"{"|".join(severities)}"'
    others = [each for each in SEVERITIES if each not in severities]
    return f'severity!~"{"|".join(others)}"' if others else 'severity=~".*"'


def mail(target: Email, reveal: Reveal, ca: str) -> dict[str, Any]:
    """Return the entry of e-mail: plain text, which every reader and every pager shows."""
    server = f"[{target.server}]" if ":" in target.server else target.server
    found: dict[str, Any] = {
        "to": ", ".join(target.to),
        "from": target.sender,
        "smarthost": f"{server}:{target.port}",
        "hello": "localhost",
        "require_tls": target.tls,
        "headers": {"Subject": TITLE},
        "html": "",
        "text": TEXT,
    }
    if target.password is not None:
        found |= {
            "auth_username": target.user,
            "auth_password": reveal(target.password, "password"),
        }
    if target.ca:
        found["tls_config"] = {"ca_file": ca}
    return found


def slack(target: Slack, address: str) -> dict[str, Any]:
    """Return the entry of Slack and its like."""
    return {
        "api_url": address,
        **({"channel": target.channel} if target.channel else {}),
        "username": "firstlight",
        "title": TITLE,
        "title_link": "",
        "fallback": TITLE,
        "text": TEXT,
        "color": '{{ template "firstlight.colour" . }}',
    }


def url(target: Webhook | Slack, reveal: Reveal) -> str:
    """Return the URL. Raises for a secret that is none: Alertmanager would print it."""
    if isinstance(target, Webhook) and target.url is not None:
        return target.url
    field = "url" if isinstance(target, Slack) else "secret_url"
    source: SecretSource = getattr(target, field)
    found = reveal(source, field)
    try:
        parts = urlsplit(found)
        right = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right or not found.isprintable() or '"' in found:
        raise FirstlightError(
            "the URL of a receiver of alerts is none",
            where=source.where,
            why="it is not shown: it is a secret",
            fix="have the source hold a URL that begins with https:// and nothing else",
        )
    return found


def endpoint(target: Target, reveal: Reveal) -> tuple[str, int]:
    """Return the host and the port where the receiver is reached: of a secret URL only these."""
    if isinstance(target, Email):
        return target.server, target.port
    parts = urlsplit(target.url if isinstance(target, Pagerduty) else url(target, reveal))
    return str(parts.hostname), parts.port or PORTS[parts.scheme]
