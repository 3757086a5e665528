"""Decisions from values alone: no I/O, no clock, no logging. Time is an argument, a rule returns its reason."""
