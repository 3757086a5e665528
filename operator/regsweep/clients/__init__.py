"""The only rooms with a window: the registry's HTTP API and the Kubernetes API.

They return core values and raise our errors.
"""
