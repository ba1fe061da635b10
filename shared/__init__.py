"""What at least two deployables need: scaffolding and contracts, no business rules."""
