"""What goes, what comes back and what stays: decided from what is recorded, without a host."""

from __future__ import annotations

import pytest

from firstlight.facts.manifest import Entry, Recorded, Unit
from firstlight.removal import actions, decided, part_of, stays, to_switch

STORE = "/srv/models"
ANY, OURS = "/etc/logrotate.d/other", "/etc/systemd/system/firstlight-jwks.timer"


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        ("-", "ours", "remove"),
        ("-", "changed", "keep"),
        ("-", "absent", None),
        ("-", "755 root:root", "rmdir"),
        ("kept", "ours", "restore"),
        ("kept", "absent", "restore"),
        ("kept", "original", None),
        ("kept", "changed", "beside"),
        ("750 root:adm", "755 root:root", "mode"),
        ("750 root:adm", "750 root:adm", None),
        ("750 root:adm", "absent", None),
        ("late", "ours", "keep"),
        ("owned", "-", None),
    ],
)
def test_a_file_of_a_name_that_others_use_too(was: str, now: str, kind: str | None) -> None:
    action = decided(Entry(ANY, was, now))
    assert (action.kind if action else None) == kind


@pytest.mark.parametrize(
    ("path", "was", "now", "kind"),
    [
        (OURS, "-", "ours", "unit"),
        (OURS, "-", "changed", "keep"),
        (OURS, "late", "ours", "unit"),
        (OURS, "owned", "-", "unit"),
        ("/etc/nginx/firstlight", "-", "750 root:www-data", "tree"),
        ("/var/log/firstlight-edge", "owned", "-", "tree"),
        ("/etc/sysctl.d/60-firstlight-edge.conf", "late", "ours", "remove"),
        ("/etc/nginx/conf.d", "-", "755 root:root", "rmdir"),
        ("/etc/prometheus/firstlight", "-", "750 root:prometheus", "tree"),
        ("/etc/systemd/system/prometheus.service.d/firstlight.conf", "-", "ours", "remove"),
        ("/etc/systemd/system/prometheus.service.d", "-", "755 root:root", "rmdir"),
        ("/etc/systemd/system/firstlight-grafana.service", "-", "ours", "unit"),
        ("/etc/systemd/journald@firstlight-edge.conf", "late", "ours", "remove"),
    ],
)
def test_what_bears_our_name(path: str, was: str, now: str, kind: str) -> None:
    action = decided(Entry(path, was, now))
    assert action is not None and action.kind == kind


def test_journals_that_a_monitor_took_stay() -> None:
    mode = "2750 systemd-journal-remote:systemd-journal"
    assert decided(Entry("/var/log/journal/remote", "owned", mode)) is None


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (STORE, "weights"),
        (f"{STORE}/tiny", "weights"),
        ("/etc/docker/daemon.json", "docker"),
        ("/etc/firstlight/engines", "state"),
        ("/etc/firstlight-other", "files"),
        ("/etc/ssh/sshd_config.d/10-firstlight.conf", "ssh"),
        ("/etc/systemd/system/firstlight-firewall.service", "firewall"),
        ("/etc/systemd/system/firstlight-trials.service", "firewall"),
        (OURS, "units"),
        ("/etc/systemd/system/nginx.service.d/firstlight.conf", "files"),
    ],
)
def test_parts(path: str, part: str) -> None:
    assert part_of(path, STORE) == part


def test_folders_go_after_their_files_from_the_deepest_on() -> None:
    found = Recorded(
        "first",
        (
            Entry("/etc/a", "-", "755 root:root"),
            Entry("/etc/a/b", "-", "755 root:root"),
            Entry("/etc/a/b/c", "-", "ours"),
        ),
    )
    kinds = [(action.kind, action.path) for action in actions(found, "files", STORE)]
    assert kinds == [("remove", "/etc/a/b/c"), ("rmdir", "/etc/a/b"), ("rmdir", "/etc/a")]
    assert actions(found, "ssh", STORE) == []


def test_weights_go_whole_and_only_where_they_are() -> None:
    found = Recorded("first", words={"weights": ((STORE,),)})
    assert [(each.kind, each.path) for each in actions(found, "weights", STORE)] == [
        ("tree", STORE)
    ]
    assert actions(Recorded(), "weights", STORE) == []


@pytest.mark.parametrize(
    ("was", "now", "verbs"),
    [
        (("enabled", "active"), ("enabled", "active"), []),
        (("enabled", "active"), ("disabled", "inactive"), ["enable", "start"]),
        (("disabled", "-"), ("enabled", "active"), ["disable", "stop"]),
        (("-", "-"), ("enabled", "active"), ["disable", "stop"]),
        (("-", "-"), ("-", "inactive"), []),
        (("-", "-"), ("not-found", "inactive"), []),
        (("static", "-"), ("static", "active"), ["stop"]),
        (("?", "?"), ("enabled", "active"), []),
    ],
)
def test_units_of_others(was: tuple[str, str], now: tuple[str, str], verbs: list[str]) -> None:
    unit = Unit("nginx.service", was, now)
    assert to_switch([unit], ()) == [(verb, unit.name) for verb in verbs]
    assert to_switch([unit], (unit.name,)) == []


def test_what_stays_is_remembered() -> None:
    package = {"moved": (("+", "installed", "nginx"),)}
    assert stays(Recorded("first", words=package))
    assert not stays(Recorded("", words=package))
    assert not stays(Recorded("first", words={"moved": (("-", "installed", "nouveau"),)}))
