"""Why garbage-collect failed: which file in which repository, and what to do about it, in one paragraph.

The collector's own words name a digest, or nothing at all: an empty link stops it with "invalid checksum digest
format". So `trace` says what to look for in the store, and `diagnose` puts what was found into the words. Each fix was
carried out on Distribution 2.8.3 and 3.1.2. A push does not repair a damaged manifest: the registry sees its file, and
does not write it again.

What this may not do: look into the store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

STORE = "docker/registry/v2"
"""The registry's own directory below its storage root."""
NAMED = 5
"""So many files are named in a message."""


class Sought(StrEnum):
    """What to look for in the store."""

    LINKS = "links"
    """Links that hold no digest."""
    MANIFEST = "manifest"
    """The repositories and tags that hold a manifest."""


@dataclass(frozen=True, slots=True)
class Trace:
    what: Sought
    digest: str = ""
    """With MANIFEST: 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where it failed. `root`: the storage root, "" where it is not known. `files`: what a trace found, as paths below
    `repositories/`. `repository`: the last one that the collector named."""

    root: str = ""
    files: Sequence[str] = ()
    repository: str = ""

    @property
    def store(self) -> str:
        return f"{self.root or '<storage root>'}/{STORE}"


@dataclass(frozen=True, slots=True)
class _Cause:
    pattern: re.Pattern[str]
    words: str
    """`{0}` is the pattern's group, `{store}` the store, `{where}` what was found."""
    sought: Sought | None = None


_UNREAD = r"manifest for digest sha256:([0-9a-f]{64}): "
_CAUSES = (
    _Cause(
        re.compile(r"invalid checksum digest (?:format|length)|unsupported digest algorithm"),
        "a link in the store holds no digest (often after a crash or a full disk), and one of them stops every "
        "collection. {where} If its image is still wanted, push it again, which writes the link anew, or restore the "
        "file from a backup; else delete the directory that the link is in. Then collect again",
        Sought.LINKS,
    ),
    _Cause(
        re.compile(_UNREAD + "unrecognized manifest schema version 1"),
        "sha256:{0} is a schema 1 manifest, which Distribution 3 cannot read: one of them blocks every collection. "
        "{where} Delete it there by its digest (or convert it by pulling and pushing the image with Distribution 2.8), "
        "and collect again",
        Sought.MANIFEST,
    ),
    _Cause(
        re.compile(_UNREAD),
        "the manifest sha256:{0} is damaged: its file {store}/blobs/sha256/{0:.2}/{0}/data is empty or no manifest. "
        "{where} Restore the file from a backup; or delete the manifest there by its digest, collect, and only then "
        "push the image again (a push before that does not repair it: the registry does not write over a file that it "
        "has)",
        Sought.MANIFEST,
    ),
    _Cause(
        re.compile(r"Path not found: /docker/registry/v2/repositories\s*$"),
        "there is no directory {store}/repositories: the store is empty, or storage.filesystem.rootdirectory of the "
        "configuration that was collected with is not the directory that the registry serves",
    ),
    _Cause(
        re.compile(r"Path not found: /docker/registry/v2/repositories/(\S+)/_layers"),
        "repository {0} has no directory _layers, which Distribution 3 cannot read: create the empty directory "
        "{store}/repositories/{0}/_layers, owned as its neighbours are, and collect again",
    ),
    _Cause(
        re.compile(r"failed to parse repo name (\S+):"),
        "the directory {store}/repositories/{0} is not a repository name that the registry accepts: move it out of the "
        "store",
    ),
    _Cause(
        re.compile(r"unknown flag|unknown shorthand flag|unknown command"),
        "this registry does not know an option of the command, so it did nothing",
    ),
    _Cause(
        re.compile(r"configuration error: (.{0,300})"),
        "the registry cannot read its configuration ({0}): name its path in the container's command or args",
    ),
    _Cause(re.compile(r"no space left on device"), "the disk is full: free or add space by hand first"),
    _Cause(
        re.compile(r"[Pp]ermission denied"),
        "the container's user may not delete in the store: fix the files' owner",
    ),
    _Cause(re.compile(r"[Rr]ead-only file system"), "the volume is mounted read-only in the registry's container"),
)


def trace(stderr: str) -> Trace | None:
    """What to look for in the store after this failure; None where nothing there would say more."""
    for cause in _CAUSES:
        if match := cause.pattern.search(stderr):
            return Trace(cause.sought, *match.groups()) if cause.sought else None
    return None


def diagnose(stderr: str, exit_code: int | None, scene: Scene | None = None) -> str:
    """Why garbage-collect failed, and what to do: one paragraph for a person. `stderr`: its last lines."""
    scene = scene or Scene()
    quoted = _quoted(stderr)
    for cause in _CAUSES:
        if match := cause.pattern.search(stderr):
            where = _where(cause.sought, scene) if cause.sought else ""
            words = cause.words.format(*match.groups(), store=scene.store, where=where)
            return f"garbage-collect failed: {words}.{quoted}"
    if exit_code == 0:
        return (
            f"garbage-collect ended with exit code 0, but without its summary line: it may have done nothing.{quoted}"
        )
    if exit_code == 137:
        return f"garbage-collect was killed (exit code 137): out of memory, or its container was stopped.{quoted}"
    return f"garbage-collect failed with exit code {exit_code}.{quoted}"


def _quoted(stderr: str) -> str:
    lines = [line for line in stderr.strip().splitlines() if line.strip() and "level=" not in line]
    said = next((line for line in reversed(lines) if "failed to garbage collect" in line), "")
    said = said or next((line for line in lines if "rror:" in line or "panic" in line), lines[-1] if lines else "")
    return f' It said: "{said[-400:]}"' if said else ""


def _where(sought: Sought, scene: Scene) -> str:
    """A sentence about the files that were found, or about how to find them."""
    if not scene.files:
        stopped = f"It stopped in repository {scene.repository}. " if scene.repository else ""
        return stopped + _SEARCH[sought].format(scene.store)
    if sought is Sought.LINKS:
        places = [f"in repository {_repository(each)}: {scene.store}/repositories/{each}" for each in scene.files]
        return f"It is {_some(places)}."
    return f"It is held by {_some([_holder(each) for each in scene.files])}."


_SEARCH = {
    Sought.LINKS: "`find {0}/repositories -name link ! -size 71c` names the file.",
    Sought.MANIFEST: "`find {0}/repositories -path '*/revisions/*' -name '<its 64 digits>'` names its repositories.",
}


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _repository(path: str) -> str:
    return re.split("/_(?:manifests|layers)/", path)[0]


def _holder(path: str) -> str:
    tag = re.search(r"/_manifests/tags/([^/]+)/current/link$", path)
    return f"tag {_repository(path)}:{tag[1]}" if tag else f"repository {_repository(path)}"
