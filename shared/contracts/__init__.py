"""The published language: what a service says happened, one frozen class per event, a module per publisher.

An event carries ids, what changed, and the small public state a reader needs to act; personal data only where it is
internal. Fields are flat and primitive; a field is added as optional, never renamed or removed. A breaking change is
a new class with the next version, published beside the old one until no queue binds it.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, dataclass_transform

Visibility = Literal["public", "internal"]


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event:
    """Base of all events. `subject` names the field that identifies what the event is about."""

    topic: ClassVar[str]
    version: ClassVar[int]
    visibility: ClassVar[Visibility]
    subject_field: ClassVar[str]

    def __init_subclass__(
        cls, *, topic: str = "", subject: str = "", version: int = 1, visibility: Visibility = "public"
    ) -> None:
        super().__init_subclass__()
        dataclass(frozen=True, kw_only=True)(cls)
        if topic:
            cls.topic, cls.subject_field, cls.version, cls.visibility = topic, subject, version, visibility

    @classmethod
    def publisher(cls) -> str:
        """The service that says it: the topic's first word."""
        return cls.topic.split(".", 1)[0]

    @classmethod
    def entity(cls) -> str:
        """What it is about: the topic's second word."""
        return cls.topic.split(".")[1]

    @classmethod
    def routing_key(cls) -> str:
        """Topic and major version: membership.member.admitted.v1."""
        return f"{cls.topic}.v{cls.version}"

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents type: coop.intercoop.membership.member.admitted.v1."""
        return f"coop.intercoop.{cls.routing_key()}"

    @property
    def subject(self) -> str:
        """The CloudEvents subject: member/0192…; order is kept within one subject."""
        return f"{self.entity()}/{getattr(self, self.subject_field)}"
