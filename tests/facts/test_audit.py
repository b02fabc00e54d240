"""The audit's facts, run on the machine the tests run on."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from firstlight.audit import scan
from firstlight.audit.inside import Inside
from firstlight.audit.scan import Target
from firstlight.facts.audit import AuditState
from firstlight.facts.scan import PortsFrom
from tests.facts.shell import gather
from tests.stubs import Stubs


def test_a_machine_is_read_whole(tmp_path: Path, stubs: Stubs) -> None:
    stubs.add(
        "apt-get", "echo 'Inst openssl [3.0] (3.1 Debian-Security:13/stable-security [amd64])'"
    )
    stubs.add(
        "dpkg-query", "echo 'installed install nvidia-driver'; echo 'installed hold libcuda1'"
    )
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    loose, fine, held = folder / "a b", folder / "fine", folder / "held"
    for path, mode in ((loose, 0o644), (fine, 0o600), (held, 0o600)):
        path.write_text("nvidia-driver\nlibcuda1\n")
        path.chmod(mode)
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", 0))
        sock.listen()
        found: Inside = gather(AuditState, env=stubs.env, secrets=(str(folder),), held=str(held))
        port = sock.getsockname()[1]
    assert found.failed == ""
    assert found.now > 1_700_000_000
    mine = [each for each in found.listeners if each.port == port]
    assert [each.program.startswith("py") for each in mine] == [True]
    assert [(mode, path) for mode, _, path in found.loose] == [("644", str(loose))]
    if found.manager == "apt":
        assert found.security == ("openssl",)
        assert found.held == {"nvidia-driver": False, "libcuda1": True}


def asked(stubs: Stubs, tmp_path: Path, *secrets: str) -> Inside:
    """What the machine says with stubs and a sudoers of its own."""
    own = {"/etc/sudoers": str(tmp_path / "sudoers")}
    (tmp_path / "sudoers").touch()
    for slow in ("apt-get", "dpkg-query", "journalctl", "nft", "ss"):
        stubs.add(slow)
    found: Inside = gather(
        AuditState, env=stubs.env, instead=own, secrets=secrets, held=str(tmp_path / "held")
    )
    assert found.failed == ""
    return found


DOCKER = """case "$*" in
"ps "*) echo 1f;;
"network ls"*) echo "macvlan wire"; echo "bridge bridge";;
*.Config.Env*) cat <<'END'
"DB_PASS=x\\nSECOND=1"
"EMPTY="
"DATABASE_URL=postgres://app:geheim@db:5432/app"
"HOME_URL=https://host.example/a:b"
"SOME_KEY=/run/keys/tls.key"
"NO_AUTH=true"
END
;;
*'"id"'*) echo '{"id":"1f","name":"/web","ports":{},"networks":{"wire":{}},"host":"x"}';;
*.Name*) echo /web;;
esac"""


def test_of_the_environment_only_names_leave_the_host(tmp_path: Path, stubs: Stubs) -> None:
    stubs.add("docker", DOCKER)
    stubs.add(
        "systemctl",
        """case "$*" in
"list-units"*) echo "firstlight-x.service loaded active running x"; echo "other.service";;
"show"*) echo 'A_TOKEN=abc "B_URL=redis://:pw@db/0" C=';;
esac""",
    )
    found = asked(stubs, tmp_path)
    unit, web = "firstlight-x.service", "web"
    assert found.environment == (
        (unit, "A_TOKEN"), (unit, "B_URL"),
        (web, "DB_PASS"), (web, "DATABASE_URL"), (web, "HOME_URL"),
    )  # fmt: skip
    assert found.urls == ((unit, "B_URL"), (web, "DATABASE_URL"))
    assert found.beside == (("web", "wire", "macvlan"),)


def test_sudoers_are_read_in_each_of_their_forms(tmp_path: Path, stubs: Stubs) -> None:
    meant = [
        "bob ALL=(ALL) NOPASSWD: ALL",
        "#1002 ALL=(ALL) NOPASSWD: ALL",
        "%#1003 ALL=NOPASSWD: ALL",
        "Defaults:carol !authenticate",
    ]
    other = ["# bob ALL=(ALL) NOPASSWD: ALL", "#Defaults !authenticate", "eve ALL=(ALL) ALL"]
    (tmp_path / "sudoers").write_text("\n".join([*meant, *other]))
    stubs.add("getent", '[ "$2" = docker ] && echo "docker:x:998:bob"')
    found = asked(stubs, tmp_path)
    assert list(found.sudo) == meant
    assert found.members == ("docker:x:998:bob",)
    assert ("root", 0) in [(each.name, each.number) for each in found.accounts]
    assert all(found.system)


def test_who_asks_without_ssh_is_who_called_sudo(tmp_path: Path, stubs: Stubs) -> None:
    stubs.env = {k: v for k, v in stubs.env.items() if k != "SSH_CONNECTION"}
    stubs.env["SUDO_USER"] = "alice"
    assert asked(stubs, tmp_path).login == "alice"


def test_a_folder_that_shall_be_shut_is_looked_at_alone(tmp_path: Path, stubs: Stubs) -> None:
    for release in ("1a", "2b"):
        (tmp_path / release).mkdir(mode=0o755)
        for name in ("keys.map", "page.json"):
            (tmp_path / release / name).touch(mode=0o644)
            (tmp_path / release / name).chmod(0o644)
    places = (f"{tmp_path}/*/keys.map", f"{tmp_path}/2b/", f"{tmp_path}/none/*")
    loose = [path for _, _, path in asked(stubs, tmp_path, *places).loose]
    assert sorted(loose) == [
        f"{tmp_path}/1a/keys.map", f"{tmp_path}/2b", f"{tmp_path}/2b/keys.map",
    ]  # fmt: skip


def test_ports_are_asked_from_there_without_a_file() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        targets = [Target("gpu1", "127.0.0.1", (), ())]
        request = scan.request(targets, ((port, port),), 1000)
        said = gather(PortsFrom, request=json.dumps(request))
    (seen,), _ = scan.seen(said, targets, "edge1", ((port, port),))
    assert seen.tcp == (port,)
