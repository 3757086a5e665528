"""The record of a run as JSON, text and HTML: the same numbers and the same reason codes on every face."""
