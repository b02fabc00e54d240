"""What a stack does now, as its monitors know it: ``firstlight status``."""
