"""Leases by a real API server: one holder at a time, and how the dead are followed."""

from __future__ import annotations

import time

from regsweep.clients import kube
from regsweep.clients.lease import Lease, Terms


def test_a_lease_has_one_holder_and_a_dead_ones_is_taken(api: kube.Cluster, namespace: str):
    terms = Terms(duration=2, renew=0.5, abdicate=1.5)
    first, second = (Lease(api, namespace, "the-lease", name, terms) for name in ("first", "second"))
    assert first.try_acquire()
    time.sleep(2.5)
    assert not second.try_acquire()
    assert (first.lost, second.lost) == (False, True)
    first.release()
    assert first.lost
    assert second.try_acquire()
    second._ended.set()  # it renews no more, as a process that was killed
    third = Lease(api, namespace, "the-lease", "third", terms)
    assert not third.try_acquire()
    time.sleep(2.5)
    assert third.try_acquire()
    assert second.lost
    third.release()


def test_the_lease_of_one_who_is_known_to_be_dead_is_not_waited_out(api: kube.Cluster, namespace: str):
    first = Lease(api, namespace, "the-lease", "first", Terms(duration=600))
    assert first.try_acquire()
    first._ended.set()
    terms = Terms(after_death=1, is_dead=lambda holder: holder == "first")
    second = Lease(api, namespace, "the-lease", "second", terms)
    assert not second.try_acquire(), "its last request may be on its way"
    time.sleep(1.5)
    assert second.try_acquire()
    second.release()
