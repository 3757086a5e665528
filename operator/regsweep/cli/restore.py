"""`regsweep restore`: put back what was deleted, until the next garbage collection.

From a file, this command does it. Of a run in the cluster, the operator does, by a run with restoreFrom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from regsweep.api.policy import Mode
from regsweep.cli import options
from regsweep.cli.cluster import connected, get_run
from regsweep.cli.connection import with_url
from regsweep.cli.execution import Wish, execute
from regsweep.cli.files import check_writable, one_policy
from regsweep.cli.keepsakes import Pieces
from regsweep.cli.outcome import finish, show
from regsweep.cli.run import wait_for_end
from regsweep.cli.spread import spread
from regsweep.cli.state import alone, is_keepsake
from regsweep.cli.stored import stored_report
from regsweep.cli.terminal import ask, is_interactive, say
from regsweep.clients.kinds import RUN
from regsweep.core.keepsake import Saved, check, unpack
from regsweep.core.restoration import Image, Turn, parse_image, turns
from regsweep.core.undo import undo_of
from regsweep.errors import AlreadyCollected, ApprovalRequired, InvalidInput, NothingToRestore

if TYPE_CHECKING:  # a Kubernetes client takes long to load
    from regsweep.clients.kube import Cluster

_SHOWN = 20


@spread
def restore(
    *,
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IMAGE]...", help="Only these: team/app, team/app:v1 or team/app@sha256:..."),
    ] = None,
    source: Annotated[
        str,
        typer.Option("--from", metavar="RUN-OR-FILE", help="A file that apply named, or a run in the cluster."),
    ],
    filename: Annotated[
        Path | None,
        typer.Option("--filename", "-f", metavar="FILE", help="The policy; needed where --from is a file."),
    ] = None,
    namespace: options.Namespace = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    timeout: Annotated[
        int, typer.Option("--timeout", metavar="SECONDS", min=1, help="Of a run in the cluster.")
    ] = 3600,
    login: options.Login,
    cluster: options.ClusterLogin,
    showing: options.Showing,
) -> None:
    """Undo deletions: put back the manifests and tags that a run deleted. Possible until the next garbage collection.

    Shows what will be put back, and asks. Never moves a tag that names something else by now. Doing it again is safe.

    \b
    Examples:
      regsweep restore -f policy.yaml --from ~/.local/state/regsweep/0f3c5a7e9b1d.keepsake
      regsweep restore -f policy.yaml --from 0f3c5a7e9b1d.keepsake team/app:v1.2.0
      regsweep restore --from nightly-29731380 -n registry
    """
    check_writable(showing.html)
    wanted = tuple(parse_image(text) for text in images or ())
    if Path(source).is_file() or filename is not None:
        if filename is None:
            raise InvalidInput("--from is a file: name the policy of its registry with --filename")
        policy = with_url(one_policy(filename), login.url)
        with alone(policy.spec.registry.url):
            _confirm(_in_file(Path(source)), wanted, policy.spec.registry.url, yes=yes)
            wish = Wish(login, showing, Mode.DELETE, restore=wanted, keepsake=Path(source))
            record, _ = execute(policy, wish)
        finish(record, showing)
        return
    with connected(cluster) as api:
        _by_the_operator(api, namespace or api.namespace, source, wanted, yes=yes, timeout=timeout, showing=showing)


def _by_the_operator(
    api: Cluster,
    namespace: str,
    name: str,
    images: tuple[Image, ...],
    *,
    yes: bool,
    timeout: int,
    showing: options.Showing,
) -> None:
    from regsweep.clients.keepsakes import read_pieces

    run = get_run(api, namespace, name)
    policy = run.spec.policy_ref.name
    undo = undo_of(run, policy)
    pieces = read_pieces(api, namespace, undo.config_maps)
    check(pieces)
    _confirm(unpack(pieces), images, undo.registry, yes=yes)
    restore_from: dict[str, Any] = {"name": name, **({"images": [str(image) for image in images]} if images else {})}
    body = {
        "metadata": {"generateName": f"{name[:200]}-restore-", "namespace": namespace},
        "spec": {"policyRef": {"name": policy}, "restoreFrom": restore_from},
    }
    made = str(api.create(RUN, namespace, body)["metadata"]["name"])
    say(f"regsweep: run {made} puts it back")
    code = 0
    try:
        wait_for_end(api, namespace, made, timeout)
    except typer.Exit as ended:
        code = ended.exit_code
    show(
        stored_report(api, get_run(api, namespace, made)),
        showing.output,
        details=showing.verbose > 0,
        html=showing.html,
    )
    if code:
        raise typer.Exit(code)


def _in_file(path: Path) -> Iterator[Saved]:
    if not path.is_file() and is_keepsake(path):
        raise AlreadyCollected(
            f"{path} is not there any more: a garbage collection of the registry took what it could have put back"
        )
    check(Pieces(path))
    return unpack(Pieces(path))


def _confirm(kept: Iterable[Saved], images: tuple[Image, ...], registry: str, *, yes: bool) -> None:
    """Show what will be put back, and ask. Raises ApprovalRequired, and NothingToRestore where there is nothing."""
    found = [name for _, group in groupby(kept, key=_repository) for name in map(_name, turns(list(group), images))]
    if not found:
        raise NothingToRestore(
            f"the keepsake holds nothing of {', '.join(map(str, images))}" if images else "the keepsake is empty"
        )
    for line in _lines(found):
        say(line)
    if yes:
        return
    if not is_interactive():
        raise ApprovalRequired("there is no terminal to ask at, so nothing was put back: give --yes", "ManualApproval")
    tags = sum(len(name.tags) for name in found)
    if not ask(f"Put {len(found)} manifests and {tags} tags back into {registry}? [y/N]"):
        raise ApprovalRequired("nothing was put back", "ManualApproval")


class _Name(NamedTuple):
    """A manifest that comes back, without its bytes."""

    place: str
    tags: tuple[str, ...]


def _repository(saved: Saved) -> str:
    return saved.repository


def _name(turn: Turn) -> _Name:
    return _Name(f"{turn.saved.repository}@{turn.digest[:19]}", turn.saved.tags)


def _lines(found: Sequence[_Name]) -> Iterator[str]:
    tagged = [name for name in found if name.tags]
    for name in tagged[:_SHOWN]:
        yield f"  {name.place} ({', '.join(name.tags)})"
    if len(tagged) > _SHOWN:
        yield f"  ... and {len(tagged) - _SHOWN} more"
    if untagged := len(found) - len(tagged):
        yield f"  and {untagged} manifests without a tag, which these need or which went with them"
