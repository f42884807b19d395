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

-- Every claim of an event that was committed, and its place: the number of the last version there was at its commit.
-- The rows that its transaction read are locked until then, so what becomes of them later has a higher number. A claim
-- that is withdrawn in its own transaction was none.
CREATE TABLE fault_claim (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    place    bigint NOT NULL
);

CREATE FUNCTION fault_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fault_claim (consumer, event_id, place)
    SELECT NEW.consumer, NEW.event_id, last_value FROM fault_audit_number_seq
    WHERE EXISTS (SELECT FROM inbox WHERE consumer = NEW.consumer AND event_id = NEW.event_id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER fault_claim AFTER INSERT ON inbox
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault_claim();
