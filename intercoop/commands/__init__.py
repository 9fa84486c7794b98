"""One module per command; the module's `command` is the Click command."""
