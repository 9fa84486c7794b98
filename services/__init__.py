"""One folder, one nameko service, one database."""
