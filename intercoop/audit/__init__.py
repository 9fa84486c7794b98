"""Compares what was committed with what was published, heard and done, over all services at once."""
