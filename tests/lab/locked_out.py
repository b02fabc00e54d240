"""A deploy that would lock everybody out of SSH, past all checks: the trial has to take it back."""

from firstlight.operations import ssh

ssh.configured(
    name="Let in nobody who exists",
    text="AllowUsers nobody-that-exists\n",
    lines=[],
    users=[],
    unit="ssh",
    seconds=6,
)
