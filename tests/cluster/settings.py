"""Names, numbers and folders of a node, the same on the machine and inside the node.

A machine may run several nodes, each a cluster of its own: $REGSWEEP_NODE says which one is meant, 1 if nothing else.
Inside, the cache folder is mounted at another place, which $REGSWEEP_CACHE says. Nothing is done here.
"""

import os
from pathlib import Path

from tests.parts.build import PARTS, cache_folder

NUMBER = int(os.environ.get("REGSWEEP_NODE", "1"))
NAME = "regsweep" if NUMBER == 1 else f"regsweep{NUMBER}"  # of the cgroup and the lock: one node of it on a machine
FIRST_API_PORT = int(os.environ.get("REGSWEEP_API_PORT", "16443"))  # of node 1; the others follow
API_PORT = FIRST_API_PORT + NUMBER - 1  # on loopback of the machine and of the node alike

NODE = "node1"
NODE_IP = "10.89.43.1"
PODS = "10.89.44.0/24"
SERVICES = "10.89.45.0/24"
API_SERVICE_IP = "10.89.45.1"
CLUSTER_DOMAIN = "cluster.local"

PAUSE_IMAGE = "localhost/pause:1"
PYTHON_IMAGE = "localhost/python:3.13"
REGISTRY_IMAGES = {
    "2.8": "localhost/registry:2.8",
    "3": "localhost/registry:3",
    "3-distroless": "localhost/registry:3-distroless",
}

CACHE = cache_folder()
FOLDER = CACHE / "cluster"
TREE = FOLDER / "node"  # the root file system of all nodes, which none of them writes
IMAGES = FOLDER / "images"  # archives of container images
OWN = FOLDER / f"node{NUMBER}"
CONTAINERD = OWN / "containerd"  # its images outlive the node
LOADED = OWN / "loaded"  # which of the archives are in it
LOGS = OWN / "logs"
RUN = OWN / "run"
PKI = OWN / "pki"
KUBECONFIG = PKI / "admin.kubeconfig"
KUBERNETES = PARTS["kubernetes"].folder

TESTS = Path(__file__).resolve().parent.parent
PATH = f"{KUBERNETES}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Inside the node, on a file system that ends with it.
PIDS = Path("/run/regsweep/pids")
STOPPED = Path("/run/regsweep/stopped")
HOSTS = Path("/run/regsweep/hosts")
READY_LINE = "node ready"
