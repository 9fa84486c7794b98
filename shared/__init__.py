"""Plumbing every service needs, and the language they publish. It imports no service and holds no domain rule."""
