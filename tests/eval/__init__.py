"""How well matching finds claims and conflicts: `make eval`."""
