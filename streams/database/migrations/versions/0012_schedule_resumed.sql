-- Why a row is looked at again, as long as it is not paused anew.
ALTER TABLE schedule ADD COLUMN resumed_at timestamptz, ADD COLUMN resumed_reason text,
    ADD CHECK (resumed_reason IS NULL OR resumed_at IS NOT NULL);
