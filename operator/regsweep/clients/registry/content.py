"""What a reference points at: the values that a Reader gives, and what their bytes and names may be."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field

from regsweep.core.oci import Digest, Manifest, parse_manifest
from regsweep.core.ports import ManifestCache
from regsweep.errors import RegistryMisbehaved

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """What a reference points at now. `size` is in bytes."""

    digest: Digest
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A manifest's bytes, whose digest is `digest`. `media_type` is the answer's Content-Type."""

    body: bytes = field(repr=False)
    media_type: str
    digest: Digest


def understood(repository: str, fetched: Fetched, cache: ManifestCache) -> Manifest:
    """What the manifest says; from now on the cache knows it. Raises RegistryMisbehaved for what is none."""
    try:
        manifest = parse_manifest(fetched.body, fetched.media_type)
    except ValueError as error:
        raise RegistryMisbehaved(f"{repository}@{fetched.digest}: the manifest {error}") from None
    cache.keep_manifest(fetched.body, fetched.media_type, manifest)
    return manifest


def is_digest(reference: str) -> bool:
    return bool(_DIGEST.fullmatch(reference))


def is_reference(reference: str) -> bool:
    """A name outside the grammar (OCI distribution spec) can be listed, as 2.8 lists folders, and has no manifest."""
    return bool(_TAG.fullmatch(reference) or is_digest(reference))


def signed_payload(body: bytes) -> bytes:
    """The bytes that the digest of a signed schema 1 manifest is of: those before the signatures, as they were signed.

    Source: Docker image manifest v2 schema 1, signed manifests. What cannot be read is given back: its digest tells.
    """
    try:
        protected = json.loads(body)["signatures"][0]["protected"]
        header = json.loads(_base64url(protected))
        return body[: int(header["formatLength"])] + _base64url(header["formatTail"])
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error, RecursionError):
        return body


def _base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
