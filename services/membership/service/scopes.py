"""What a token must say to come in."""

READ = "membership:read"
WRITE = "membership:write"
APPROVE = "membership:approve"
"""Decide what somebody else prepared."""
