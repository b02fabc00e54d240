"""A port of a lab host that a test of its own listens at: no setting declares it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.rack import TestRack

# What is changed by hand is put back within seconds, which is what the timer is for. A look that has
# begun already goes on when its timer is stopped, and would see the change: `start` waits for its end.
UNKEPT = """
systemctl stop firstlight-firewall-keep.timer
systemctl reset-failed firstlight-firewall-keep.service 2>/dev/null || true
systemctl start firstlight-firewall-keep.service
"""
OPEN = f"""{UNKEPT}
nft insert rule inet firstlight input tcp dport {{port}} accept
"""
CLOSE = """
systemctl restart firstlight-firewall.service
systemctl start firstlight-firewall-keep.timer
"""


@contextmanager
def let_in(rack: TestRack, host: str, port: int) -> Iterator[None]:
    """While this lasts, the firewall of ``host`` lets everybody in at ``port``."""
    rack.sh(host, OPEN.format(port=port))
    try:
        yield
    finally:
        rack.sh(host, CLOSE)
