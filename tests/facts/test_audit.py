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
