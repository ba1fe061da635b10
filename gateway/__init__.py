"""The gateway: the one door to all services; keys, proxy, events, documents and the page."""
