"""Update: what sources say, compared with the record, becomes events. So far its pure half: rules without I/O."""
