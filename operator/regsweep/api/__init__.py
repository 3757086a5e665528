"""The two kinds of `regsweep.dev/v1alpha1` as pydantic models: the one source of the CRDs, the docs and every check.

Pure: no I/O, no clock, no logging. Kubernetes' camelCase names live here and nowhere else.
"""
