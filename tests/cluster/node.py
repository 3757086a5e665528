#!/usr/bin/env python3
"""A real Kubernetes of one node on this machine, from programs that the project builds itself.

    node.py bootstrap             build everything that is missing (the first time about 15 minutes)
    node.py up | down | state     start it (bootstraps too), stop it and clean up, say what runs
    node.py exec COMMAND...       run COMMAND inside: kubectl, ctr, skopeo, curl
    node.py net COMMAND...        run COMMAND of this machine in the node's network, with the cluster's names
    node.py forward PORT TARGET   127.0.0.1:PORT to HOST:PORT or NAMESPACE/SERVICE:PORT, until `down`
    node.py image TAG CONTEXT [BUILDAH ARGUMENT...]   build a Dockerfile and load the image
    node.py kill|stop|start NAME  kill -9 (it comes back), keep down, let it come back

Exit codes: 1 something failed, 2 wrong usage, 3 this machine lacks something. Standard library only; needs root.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.cluster import settings
from tests.cluster.outside import components, forward, images, lifecycle, namespaces
from tests.cluster.outside.errors import NodeFailed, RequirementMissing


def main(arguments: list[str]) -> int:
    try:
        return run(arguments)
    except RequirementMissing as error:
        print(error, file=sys.stderr)
        return 3
    except NodeFailed as error:
        print(error, file=sys.stderr)
        return 1


def run(arguments: list[str]) -> int:
    match arguments:
        case ["bootstrap"]:
            lifecycle.bootstrap()
        case ["up"]:
            lifecycle.up()
            print(f"export KUBECONFIG={settings.KUBECONFIG}")
        case ["down"]:
            lifecycle.down()
        case ["state"]:
            print(components.state())
        case ["exec", _, *_]:
            become(namespaces.node_command(arguments[1:]))
        case ["net", _, *_]:
            become(namespaces.network_command(arguments[1:]))
        case ["forward", port, target] if port.isdecimal():
            forward.start(target, int(port))
        case ["image", tag, context, *options]:
            lifecycle.bootstrap()
            images.make_image(tag, Path(context), options)
        case ["kill" | "stop" | "start" as verb, name]:
            components.control(verb, name)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def become(command: list[str]) -> None:
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
