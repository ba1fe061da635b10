"""The images and the compose file, on a Docker engine: `make compose-test`."""
