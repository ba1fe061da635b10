"""What the make targets run: set-up, the stack's runner, locks."""
