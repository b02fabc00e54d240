"""Sends a test alert to every receiver through the real Alertmanager, and sees it go out.

Runs on a monitor (Python 3.9 or newer, nothing but the standard library). Alertmanager counts
messages by kind of receiver, so that of each kind one is tried at a time; different kinds go side by
side. What was tried is over at the end: incidents that it opened close by themselves.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

MARK = "FIRSTLIGHT-ALERT-TEST "
COUNTERS = {
    "alertmanager_notification_requests_total": "tried",
    "alertmanager_notification_requests_failed_total": "refused",
    "alertmanager_notifications_failed_total": "given_up",
}
SAMPLE = re.compile(r'^(\w+)\{[^}]*integration="(\w+)"[^}]*\} (\S+)$', re.M)
POLL = 0.25
KEPT = 300
LASTS = 300


class Alertmanager:
    """The API at ``url``; ``seconds`` bound one request."""

    def __init__(self, url: str, seconds: float = 5) -> None:
        self.url = url
        self.seconds = seconds
        # A proxy of the environment is not for the own host.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def asked(self, path: str, body: object = None) -> str:
        """Return the text at ``path``; posts ``body`` where there is one."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}
        )
        with self.opener.open(request, timeout=self.seconds) as answer:
            return str(answer.read().decode("utf-8", "replace"))

    def counters(self) -> dict[str, dict[str, float]]:
        """Return by kind of receiver how many messages were tried, refused and given up."""
        found: dict[str, dict[str, float]] = {}
        for name, kind, value in SAMPLE.findall(self.asked("/metrics")):
            if name in COUNTERS:
                counts = found.setdefault(kind, dict.fromkeys(COUNTERS.values(), 0.0))
                counts[COUNTERS[name]] += float(value)  # since 0.26 one for each reason
        return found


def stamp(moment: float) -> str:
    """Return a Unix time as the API reads it."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
    return f"{whole}.{int(moment % 1 * 1_000_000):06d}Z"


def alert(wanted: dict[str, Any], name: str, test: str, ends: float) -> dict[str, Any]:
    """Return the test alert for the receiver ``name``."""
    site, monitor = wanted["site"], wanted["monitor"]
    return {
        "labels": {
            "alertname": wanted["alert"],
            "receiver": name,
            "test": test,
            "severity": "info",
            "site": site,
            "monitor": monitor,
        },
        "annotations": {
            "summary": f"TEST of the alerts of the site {site}, sent by {monitor}: nothing is wrong",
            "action": "nothing: that you read this is what the test was to show",
        },
        "endsAt": stamp(ends),
    }


def rounds(receivers: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Return the receivers in rounds: of each kind one in a round."""
    left, found = list(receivers), []
    while left:
        kinds: set[str] = set()
        now = []
        for each in left:
            if each["integration"] not in kinds:
                kinds.add(each["integration"])
                now.append(each)
        left = [each for each in left if each not in now]
        found.append(now)
    return found


def verdict(before: dict[str, float], now: dict[str, float]) -> bool | None:
    """Return whether a message got through, was given up (False), or neither yet (None)."""
    grown = {key: now.get(key, 0.0) - before.get(key, 0.0) for key in COUNTERS.values()}
    if grown["tried"] > grown["refused"]:
        return True
    return False if grown["given_up"] > 0 else None


def tried(
    manager: Alertmanager, wanted: dict[str, Any], test: str, group: list[dict[str, str]]
) -> list[dict[str, Any]]:
    """Try one round; return what became of each receiver."""
    before, began = manager.counters(), time.monotonic()
    ends = time.time() + LASTS
    manager.asked("/api/v2/alerts", [alert(wanted, each["name"], test, ends) for each in group])
    found: dict[str, dict[str, Any]] = {}
    seen: dict[str, bool | None] = {}
    while len(found) < len(group) and time.monotonic() < began + wanted["wait"]:
        time.sleep(POLL)
        now = manager.counters()
        for each in group:
            name, kind = each["name"], each["integration"]
            got = verdict(before.get(kind, {}), now.get(kind, {}))
            # Seen twice: a try is counted a moment before it is counted as refused.
            if name not in found and got is not None and got == seen.get(name):
                found[name] = {"got": got, "seconds": time.monotonic() - began}
            seen[name] = got
    failed = [each for each in group if not found.get(each["name"], {}).get("got")]
    if failed:  # what did not get through is not tried again in the middle of the next round
        over = [alert(wanted, each["name"], test, time.time()) for each in failed]
        manager.asked("/api/v2/alerts", over)
    silent: dict[str, Any] = {"got": False, "seconds": float(wanted["wait"])}
    return [{**each, **found.get(each["name"], silent)} for each in group]


def journal(unit: str, since: float) -> str:
    """Return what the unit said since a Unix time; nothing where there is no journal."""
    words = ["journalctl", "-q", "-u", unit, "--since", f"@{int(since)}", "-o", "cat", "--no-pager"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def reason(said: str, name: str, kind: str) -> str:
    """Return why messages to a receiver failed, in Alertmanager's words; no URL is shown whole."""
    quoted = r'"((?:[^"\\]|\\.)*)"'
    found = re.findall(rf'err="{name}/{kind}\[\d+\]: ((?:[^"\\]|\\.)*)"', said)
    if not found:
        lines = [
            line for line in said.splitlines() if f"receiver={name} " in line and "err=" in line
        ]
        found = [each for line in lines for each in re.findall(rf"err={quoted}", line)]
    text = found[-1].replace('\\"', '"').replace("\\\\", "\\") if found else ""
    return re.sub(r'(https?://)[^\s"]*', r"\1(not shown)", text)[:KEPT]


def test(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what became of the test alert at every receiver, or an error."""
    manager, began = Alertmanager(wanted["url"]), time.time()
    name = f"{began:.3f}"
    try:
        written = json.loads(Path(wanted["receivers"]).read_text("utf-8"))
        wanted = {**written, **wanted}
        asked = wanted["only"]
        chosen = [each for each in wanted["to"] if not asked or each["name"] in asked]
        results = [each for group in rounds(chosen) for each in tried(manager, wanted, name, group)]
        over = [alert(wanted, each["name"], name, time.time()) for each in results if each["got"]]
        if over:
            manager.asked("/api/v2/alerts", over)
    except (OSError, urllib.error.URLError, ValueError, KeyError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    said = journal(wanted["unit"], began) if not all(each["got"] for each in results) else ""
    for each in results:
        each["why"] = "" if each["got"] else reason(said, each["name"], each["integration"])
    known = [each["name"] for each in wanted["to"]]
    return {"test": name, "results": results, "known": known}
