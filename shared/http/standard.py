"""The routes every service has."""

from typing import ClassVar

from shared.http.contract_routes import ContractRoutes
from shared.http.dead_letter_routes import DeadLetterRoutes
from shared.http.documentation import DocumentationRoutes
from shared.http.feed_routes import FeedRoutes
from shared.http.health import HealthRoutes
from shared.http.operations import ApiKeyRoutes


class StandardRoutes(DocumentationRoutes, HealthRoutes, ApiKeyRoutes, ContractRoutes, FeedRoutes, DeadLetterRoutes):
    """Base of every service class: documentation, health, metrics, operations, feed."""

    name: ClassVar[str]
