"""The old clients' door: three socket protocols, done through the services' REST API."""
