"""What can be done to a picture: one module a family, found by `services.processing.registry`.

A module put here shows up in the API, the documents and the page by itself. Its functions are pure (arrays
in, arrays out, no I/O), and each is declared once, with its parameters beside it.
"""
