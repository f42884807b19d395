-- Whoever sends or takes a snapshot slowly may pause for ten minutes in this transaction.
SELECT set_config('idle_in_transaction_session_timeout', '600000', true)
