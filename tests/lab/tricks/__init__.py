"""Ways out of a container, tried in one; each is seen to lead out where nothing holds it back."""
