"""regsweep keeps a self-hosted container registry small, and never loses an image that was to be kept.

The rooms, top to bottom. Imports point down only; import-linter holds them there (pyproject.toml).

    cli | controller   the two doors: the terminal, and kopf; they do not know each other
    demo               the whole job on this machine: a registry process, made images, the story
    pipeline           the order of the hops: scan, judge, plan, sweep, collect, verify, report
    steps              verbs with effects; none knows another
    clients            the only rooms with a window: HTTP, Kubernetes
    core               what is true of registries, rules and plans; values in, values out: no I/O, no clock
    api                the two kinds as users write them; outside data becomes values here
    errors             the one exception tree

This module imports nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"
