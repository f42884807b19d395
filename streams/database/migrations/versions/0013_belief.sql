-- By which rule the word of a source was believed, and in short what others said: {"rule", "dissents": {source: text}}.
-- It goes with the word until that stands in the record, whose provenance then has it as the fourth item of the field's
-- entry. Null where nobody has kept it, as of everything that was said before this step.
ALTER TABLE review ADD COLUMN belief jsonb;
ALTER TABLE guarded_word ADD COLUMN belief jsonb;
