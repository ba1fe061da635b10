"""The same work for Darkroom, its peers and the limit, in one run."""
