"""The routes every service has."""

from shared.http.documentation import DocumentationRoutes
from shared.http.health import HealthRoutes
from shared.http.operations import ApiKeyRoutes


class StandardRoutes(DocumentationRoutes, HealthRoutes, ApiKeyRoutes):
    """Base of every service class: documentation, health, metrics, operations, feed."""

    name: str
