-- Failures of messages that a lost stream held.
DELETE FROM delivery_failure WHERE stream = $1
