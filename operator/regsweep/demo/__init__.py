"""The whole job on this machine: a real registry process on loopback and images made on the spot.

`images` and `accessories` make documents (pure), `catalogue` arranges them in repositories (pure), `push`
brings them into a registry and proves that they can be pulled whole, `process` runs a registry binary. The
registry tests use the same. Nothing here is used in a cluster.
"""
