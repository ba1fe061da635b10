"""Clients that act like the old programs: what they send, how they read, and what they fall for."""
