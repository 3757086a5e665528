from __future__ import annotations

import pytest

from regsweep.core.inuse import User


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (User("Pod", "shop", "cart-1", "web"), "Pod shop/cart-1, container web"),
        (User("Node", "", "worker-1"), "Node worker-1"),
        (User("Rollout", "shop", "cart", cluster="eu"), "Rollout shop/cart in cluster eu"),
    ],
    ids=["container", "cluster-scoped", "another-cluster"],
)
def test_a_user_says_who_it_is(user: User, words: str) -> None:
    assert str(user) == words
