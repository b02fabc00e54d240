"""Where the firewall stands on a host."""

from __future__ import annotations

FOLDER = "/etc/firstlight/firewall"
FILE = f"{FOLDER}/rules.nft"
PROGRAM = "/usr/local/lib/firstlight/firewall"
SERVICE = "firstlight-firewall.service"
KEEP = "firstlight-firewall-keep.service"
TIMER = "firstlight-firewall-keep.timer"
