"""Names, numbers and folders of the node, the same on the machine and inside the node.

Inside, the cache folder is mounted at another place, which $REGSWEEP_CACHE says. Nothing is done here.
"""

import os
from pathlib import Path

from tests.parts.build import PARTS, cache_folder

NAME = "regsweep"  # of the cgroup, the bridge and the lock: no two nodes of this name on one machine
API_PORT = int(os.environ.get("REGSWEEP_API_PORT", "16443"))  # on loopback of the machine and of the node alike

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
TREE = FOLDER / "node"  # the node's root file system
IMAGES = FOLDER / "images"  # archives of container images, loaded at each start
LOGS = FOLDER / "logs"
RUN = FOLDER / "run"
PKI = FOLDER / "pki"
KUBECONFIG = PKI / "admin.kubeconfig"
KUBERNETES = PARTS["kubernetes"].folder

TESTS = Path(__file__).resolve().parent.parent
PATH = f"{KUBERNETES}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Inside the node, on a file system that ends with it.
PIDS = Path("/run/regsweep/pids")
STOPPED = Path("/run/regsweep/stopped")
HOSTS = Path("/run/regsweep/hosts")
READY_LINE = "node ready"
