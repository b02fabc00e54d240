"""sshd of a host that is deployed to: what drifts is mended, what would lock us out is not done."""

from __future__ import annotations

from firstlight.facts.ssh import DROP_IN
from tests.lab.rack import TestRack
from tests.lab.refused import explained, untouched
from tests.lab.sshd import audit, waived

EARLY = "/etc/ssh/sshd_config.d/00-somebody.conf"
EFFECTIVE = "sshd -T -C user=ops,host=x,addr=10.0.0.1,laddr=10.0.0.1,lport=22"
PID = "systemctl show -p MainPID --value ssh"


def test_what_somebody_changed_is_changed_back_by_a_reload(deployed: TestRack) -> None:
    before = deployed.sh("lab1", f"cat {DROP_IN}; {PID}").out
    deployed.sh("lab1", f"sed -i 's/^X11Forwarding no/X11Forwarding yes/' {DROP_IN}; sshd -t")
    assert deployed.changes("lab1", deploy="ssh")[1]["success"] == 1
    assert deployed.sh("lab1", f"cat {DROP_IN}; {PID}").out == before
    effective = deployed.sh("lab1", EFFECTIVE).out.splitlines()
    assert {"x11forwarding no", "passwordauthentication no", "permitrootlogin no"} <= {*effective}


def test_ssh_audit_finds_nothing_but_what_paramiko_needs(deployed: TestRack) -> None:
    wrong = {name for name, notes in audit(deployed.address("lab1")).items() if notes}
    assert wrong == waived()


def test_what_would_lock_us_out_or_not_hold_is_refused(deployed: TestRack) -> None:
    deployed.sh("lab1", f"echo 'MaxSessions 1' >{EARLY}")
    try:
        with untouched(deployed):
            run = deployed.deploy("lab1", deploy="ssh", data={"ssh": {"users": ["alice"]}})
    finally:
        deployed.sh("lab1", f"rm {EARLY}")
    explained(run, "nothing was changed", EARLY, "MaxSessions 1", "reads this one first")
    explained(run, "would lock you out", "logged in as ops", "only alice could log in", "ssh.users")


def test_a_lockout_past_all_checks_comes_back_by_itself(deployed: TestRack) -> None:
    before = deployed.sh("lab1", f"cat {DROP_IN}; {EFFECTIVE}; {PID}").out
    run = deployed.deploy("lab1", deploy="../tests/lab/locked_out")
    explained(run, "would have locked you out; the state of before is back")
    assert deployed.sh("lab1", f"cat {DROP_IN}; {EFFECTIVE}; {PID}").out == before
