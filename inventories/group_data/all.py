"""How every host is reached. Values of one site stand in its inventory file."""

from firstlight.transport import fast_transport

# 48 ms less for every command (TCP_NODELAY), and a connection that survives silence.
ssh_paramiko_connect_kwargs = {"transport_factory": fast_transport}
# Hosts are known beforehand: add their keys with ssh-keyscan and compare the fingerprints.
ssh_strict_host_key_checking = "yes"
