"""Looks at every host from inside: what listens, the firewall, who gets in, secrets, updates.

pyinfra --dry inventories/prod.py deploys/audit.py   (firstlight audit looks from outside as well)
"""

from firstlight.audit_plan import audit_plan
from firstlight.operations import audit
from roles.openings import openings

audit.told(audit_plan(openings))
