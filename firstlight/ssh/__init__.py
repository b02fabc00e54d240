"""sshd's configuration: what it shall be, what stands against it, and who would be locked out."""
