"""The demonstration: a member is won, and what the four services say and do about it is shown with times."""
