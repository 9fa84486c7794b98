"""What a token must say to come in."""

READ = "membership:read"
WRITE = "membership:write"
APPROVE = "membership:approve"
"""Decide what somebody else prepared."""
EXPORT = "membership:export"
"""Take the contacts of many members out of the house at once."""
