"""The rules of charging as pure functions: no await, no clock, no SQL."""
