from subscribers.admin.imports import SubscriberImportAdmin
from subscribers.admin.ledgers import ConsentEventAdmin, SubscriberAdmin
from subscribers.admin.retention import RetentionRuleAdmin, RetentionRunAdmin
from subscribers.admin.texts import PolicyAdmin, ServiceTextAdmin, TopicAdmin

__all__ = [
    "ConsentEventAdmin",
    "PolicyAdmin",
    "RetentionRuleAdmin",
    "RetentionRunAdmin",
    "ServiceTextAdmin",
    "SubscriberAdmin",
    "SubscriberImportAdmin",
    "TopicAdmin",
]
