"""The history of a report is append-only: no row is deleted, and only its text may be emptied (erasure)."""

from django.db import migrations

PROTECT = """
CREATE FUNCTION reports_protect_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.text = ''
       AND to_jsonb(NEW) - 'text' = to_jsonb(OLD) - 'text' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the history of a report is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER reports_event_append_only BEFORE UPDATE OR DELETE ON reports_reportevent
    FOR EACH ROW EXECUTE FUNCTION reports_protect_history();
"""
UNPROTECT = """
DROP TRIGGER reports_event_append_only ON reports_reportevent;
DROP FUNCTION reports_protect_history();
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_install_reply_texts")]

    operations = [migrations.RunSQL(PROTECT, UNPROTECT)]
