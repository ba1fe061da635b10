"""The scaffolding of every HTTP app: errors, request ids, service token, health, metrics, events."""
