"""The client of a registry: what others import. `Reader` cannot delete (S11); `Deleter` can do that one thing
more, and `Putter` another one.

target       where the registry is, and how gently it is asked
connections  sockets: pools, TLS, proxies, retries            (urllib3)
transport    one question, one whole answer: login, rate, limits, redirects
failures     what an answer or an exception means, in words for a person
listing      catalog and tags to their end
reader       the questions that change nothing
deleter      DELETE by digest, and the probe of whether the registry does that
pod_probe    does one replica, at its own address, accept writes?
putter       PUT of a manifest whose content the registry still has
"""

from __future__ import annotations

from regsweep.clients.registry.content import Fetched, Head, understood
from regsweep.clients.registry.deleter import Deleter, DeleteState, delete_setting, probe_deletes
from regsweep.clients.registry.pod_probe import PodProbe, at_pod
from regsweep.clients.registry.putter import Putter
from regsweep.clients.registry.reader import Reader
from regsweep.clients.registry.target import Target

__all__ = [
    "DeleteState",
    "Deleter",
    "Fetched",
    "Head",
    "PodProbe",
    "Putter",
    "Reader",
    "Target",
    "at_pod",
    "delete_setting",
    "probe_deletes",
    "understood",
]
