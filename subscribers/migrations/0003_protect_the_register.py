"""The register is append-only for everybody who has not the database's own rights: no row is changed or removed.

Of the evidence rows may be removed (erasure, retention), never changed.
"""

from django.db import migrations

PROTECT = """
CREATE FUNCTION subscribers_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the consent register is append-only (% on %)', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER subscribers_event_append_only BEFORE UPDATE OR DELETE ON subscribers_consentevent
    FOR EACH ROW EXECUTE FUNCTION subscribers_refuse();
CREATE TRIGGER subscribers_event_no_truncate BEFORE TRUNCATE ON subscribers_consentevent
    FOR EACH STATEMENT EXECUTE FUNCTION subscribers_refuse();
CREATE TRIGGER subscribers_evidence_unchanged BEFORE UPDATE ON subscribers_consentevidence
    FOR EACH ROW EXECUTE FUNCTION subscribers_refuse();
CREATE TRIGGER subscribers_evidence_no_truncate BEFORE TRUNCATE ON subscribers_consentevidence
    FOR EACH STATEMENT EXECUTE FUNCTION subscribers_refuse();
CREATE TRIGGER subscribers_head_stays BEFORE DELETE ON subscribers_registerhead
    FOR EACH ROW EXECUTE FUNCTION subscribers_refuse();
"""
UNPROTECT = """
DROP TRIGGER subscribers_event_append_only ON subscribers_consentevent;
DROP TRIGGER subscribers_event_no_truncate ON subscribers_consentevent;
DROP TRIGGER subscribers_evidence_unchanged ON subscribers_consentevidence;
DROP TRIGGER subscribers_evidence_no_truncate ON subscribers_consentevidence;
DROP TRIGGER subscribers_head_stays ON subscribers_registerhead;
DROP FUNCTION subscribers_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0002_seed_topics_texts_and_policy")]

    operations = [migrations.RunSQL(PROTECT, UNPROTECT)]
