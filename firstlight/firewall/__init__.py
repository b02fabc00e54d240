"""The host's own nftables table: what is let in, from where, and what is forwarded."""
