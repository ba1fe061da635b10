"""Sample data, and a simulated camera, for `make demo` and the tests. No part of what is deployed."""
