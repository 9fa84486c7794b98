"""Files of registers: how they are written (profiles), read (rows with their lines) and understood (entries)."""
