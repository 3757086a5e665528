"""Operator, pod, Kubernetes API, run and policy are taken away, at every step that is written ahead."""
