"""An issuer of tokens and what it and others make, for the tests of the edge."""
