"""
OCPP-J 1.6 as pure values: bytes in, typed requests out, and back.

Nothing here waits, reads a clock or knows a socket. `frames` is the codec, `validation` the schemas, `leniency` what is
accepted beyond them, `payloads` the typed requests, `errors` the ways to refuse.
"""
