"""The routes every service has."""


class StandardRoutes:
    """Base of every service class: documentation, health, metrics, operations, feed."""

    name: str
