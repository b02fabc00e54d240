"""The run of pyinfra that an audit is made of: nobody sits before it, and hosts may be down."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.audit import asked, command, document
from firstlight.audit.asked import Asked

DEPLOY = """
from pyinfra import host
from firstlight.audit.host import Looked
from firstlight.operations import audit
audit.told(Looked(host.name, ("@local", "dead")))
"""
HOSTS = 'hosts = ["@local", ("dead", {"ssh_hostname": "127.0.0.1", "ssh_port": 1})]\n'


def test_a_host_that_is_down_does_not_end_the_audit_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory.py").write_text(HOSTS)
    (tmp_path / "audit.py").write_text(DEPLOY)
    monkeypatch.setattr(asked, "DEPLOYS", tmp_path)
    found = command.audit(Asked(str(tmp_path / "inventory.py"), outside=False))
    assert [*found.looked] == ["@local"]
    (problem,) = found.problems
    assert problem.where == "dead" and "Could not connect" in problem.why
    assert "continue?" not in problem.why and document.exit_code(found, strict=False) == 1
