"""What at least two deployables need: scaffolding and contracts, no business rules."""

VERSION = "0.1.0"
