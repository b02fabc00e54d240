"""Where the firewall stands on a host."""

from __future__ import annotations

FOLDER = "/etc/firstlight/firewall"
FILE = f"{FOLDER}/rules.nft"
LEAST = f"{FOLDER}/least.nft"
"""What is loaded where the rules cannot be."""
PROGRAM = "/usr/local/lib/firstlight/firewall"
SERVICE = "firstlight-firewall.service"
KEEP = "firstlight-firewall-keep.service"
TIMER = "firstlight-firewall-keep.timer"
FENCE = "/usr/local/lib/firstlight/fetch-fence"
"""Keeps the steps that have the network to their hosts; its rules are put back as ours are."""
