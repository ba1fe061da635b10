"""Whole-stack journeys: what a user does, from the first address to the last byte."""
