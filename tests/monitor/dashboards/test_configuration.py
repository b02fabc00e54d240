"""What Grafana of a monitor is given: its configuration, its secrets, what its dashboards go by."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.monitor import grafana
from firstlight.monitor.dashboards.scope import DATA_CENTRE, EDGE, GPU, PROFILED
from firstlight.settings import HostSettings
from tests.monitor.dashboards.conftest import hosts, loaded

Site = dict[str, HostSettings]


def test_nothing_calls_home_and_no_secret_is_the_built_in_one(site: Site) -> None:
    configured = grafana.configuration(site["watch1"], site)
    ini = str(configured.files["grafana.ini"])
    for line in (
        "http_addr = 127.0.0.1", "root_url = https://192.0.2.3:3443/", "cookie_secure = true",
        "allow_sign_up = false", "disable_gravatar = true", "reporting_enabled = false",
        "check_for_updates = false", "check_for_plugin_updates = false",
        "news_feed_enabled = false", "preinstall_disabled = true", "plugin_admin_enabled = false",
        "[auth.anonymous]\nenabled = false",
        "admin_password = $__file{/etc/grafana/admin-password}",
        "secret_key = $__file{/etc/grafana/secret-key}",
    ):  # fmt: skip
        assert line in ini, line
    secrets = [str(configured.files[each]) for each in (grafana.PASSWORD, grafana.KEY)]
    assert secrets == ["***", "***"]
    assert configured.files[grafana.PASSWORD] != configured.files[grafana.KEY]


def test_the_password_is_made_once_for_its_owner_alone(site: Site) -> None:
    settings = site["watch1"]
    first = grafana.password(settings)
    path = grafana.password_file(settings)
    assert grafana.password(settings) == first and path.read_text().strip() == first.reveal()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert grafana.password(site["front1"]) != first
    path.chmod(0o644)
    with pytest.raises(FirstlightError, match="can be read by others"):
        grafana.password(settings)


def test_dashboards_alone_ask_for_no_restart(site: Site) -> None:
    one = grafana.configuration(site["watch1"], site)
    other = grafana.configuration(site["watch1"], site, {"gpu1": "datacenter"})
    assert one.spec() != other.spec() and one.spec(restart=True) == other.spec(restart=True)
    assert one.spec("a", restart=True) != one.spec("b", restart=True)


@pytest.mark.parametrize(
    ("card", "classes", "parts"),
    [
        ("rtx-4090", None, {GPU}),
        ("h100", None, {GPU, DATA_CENTRE, PROFILED}),
        ("rtx-4090", {"gpu1": "datacenter"}, {GPU, DATA_CENTRE, PROFILED}),
        ("h100", {"gpu1": "none"}, set()),
    ],
)
def test_what_is_shown_goes_by_the_watched_hosts(
    tmp_path: Path, card: str, classes: dict[str, str] | None, parts: set[str]
) -> None:
    site = loaded(tmp_path, hosts(card, "vllm", "llamacpp"))
    found = grafana.scope(site["watch1"], site, classes)  # type: ignore[arg-type]
    assert found.parts & {GPU, DATA_CENTRE, PROFILED} == parts
    assert {"vllm", "llamacpp", EDGE} <= found.parts
