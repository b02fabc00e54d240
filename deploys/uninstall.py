"""The way back: everything that firstlight wrote goes, what it replaced comes back.

pyinfra --dry inventories/prod.py deploys/uninstall.py     says what would go
pyinfra inventories/prod.py deploys/uninstall.py           packages and weights stay
pyinfra --data 'uninstall={"packages": true, "weights": true}' inventories/prod.py deploys/uninstall.py
"""

from firstlight.uninstall_plan import announced, uninstall_plan
from roles.uninstall import traces, uninstall

host = uninstall_plan()  # validates every host of the inventory; nothing has been changed before it

announced(host, traces(host.system))
uninstall(host.settings, host.system)
