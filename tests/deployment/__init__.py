"""Deployed: replicas, other engines, containers."""
