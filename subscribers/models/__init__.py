from subscribers.models.consents import ConsentEvent, ConsentEvidence, Policy, RegisterHead
from subscribers.models.imports import ImportRow, SubscriberImport
from subscribers.models.people import ErasedIdentity, ServiceText, Subscriber, Topic, TopicPreference
from subscribers.models.retention import RetentionRule, RetentionRun

__all__ = [
    "ConsentEvent", "ConsentEvidence", "ErasedIdentity", "ImportRow", "Policy", "RegisterHead",
    "RetentionRule", "RetentionRun", "ServiceText", "Subscriber", "SubscriberImport", "Topic",
    "TopicPreference",
]  # fmt: skip
