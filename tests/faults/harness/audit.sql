-- What took effect, written by the database itself in the transaction that did it: one row for each version of a row
-- that was committed. The program does not know of it.
CREATE TABLE fault_audit (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation text NOT NULL,
    entity   uuid NOT NULL,
    version  bigint NOT NULL,
    token    text,
    body     text NOT NULL
);

CREATE FUNCTION fault_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        RETURN NULL;
    END IF;
    INSERT INTO fault_audit (relation, entity, version, token, body)
    VALUES (
        TG_TABLE_NAME, NEW.id, NEW.version,
        to_jsonb(NEW) ->> CASE TG_TABLE_NAME WHEN 'anime' THEN 'synopsis' WHEN 'character' THEN 'description'
                          ELSE 'title' END,
        md5((to_jsonb(NEW) - ARRAY['version', 'created_at', 'updated_at', 'provenance'])::text)
    );
    RETURN NULL;
END $$;

CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON anime FOR EACH ROW EXECUTE FUNCTION fault_audit();
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON character FOR EACH ROW EXECUTE FUNCTION fault_audit();
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON episode FOR EACH ROW EXECUTE FUNCTION fault_audit();

-- Every claim of an event that was committed. A claim that is withdrawn in its own transaction was none.
CREATE TABLE fault_claim (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    xid      xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE FUNCTION fault_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO fault_claim (consumer, event_id) VALUES (NEW.consumer, NEW.event_id);
    ELSE
        DELETE FROM fault_claim
        WHERE consumer = OLD.consumer AND event_id = OLD.event_id AND xid = pg_current_xact_id();
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER fault_claim AFTER INSERT OR DELETE ON inbox FOR EACH ROW EXECUTE FUNCTION fault_claim();
