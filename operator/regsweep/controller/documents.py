"""Documents that are too large for a status, kept in ConfigMaps that their run owns: gzip, cut in chunks.

Read one back with `kubectl get cm NAME... -o jsonpath='{.binaryData.chunk}' | base64 -d | gunzip`.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

from regsweep.api.meta import API_VERSION, GROUP, ObjectMeta
from regsweep.clients.kinds import CONFIG_MAP
from regsweep.clients.kube import Cluster, Object
from regsweep.errors import ClusterNotFound, PlanUnreadable, RegsweepError

CHUNK_BYTES = 900 << 10
"""The API server refuses a ConfigMap of more than 1 MiB. Source: Kubernetes, ConfigMap."""
MAXIMUM_CHUNKS = 64
MAXIMUM_BYTES = 512 << 20
"""Of a document, unpacked: what is larger was not written by us."""
KEY = "chunk"


class DocumentTooLarge(RegsweepError):
    """More than the ConfigMaps of one run may hold."""


class Documents:
    """The documents of one run."""

    def __init__(self, cluster: Cluster, run: ObjectMeta) -> None:
        self._cluster, self._run = cluster, run

    def save(self, document: str, text: str) -> tuple[str, ...]:
        """Write `text` as `document`, over an older one; the names of its ConfigMaps. Same text, same bytes."""
        packed = gzip.compress(text.encode(), mtime=0)
        chunks = [packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES)]
        if len(chunks) > MAXIMUM_CHUNKS:
            raise DocumentTooLarge(
                f"the {document} of run {self._run.name} has {len(packed)} bytes after compression, more than "
                f"{MAXIMUM_CHUNKS} ConfigMaps hold: select fewer repositories in the policy's rules"
            )
        names = tuple(self.name(document, number) for number in range(len(chunks)))
        for name, chunk in zip(names, chunks, strict=True):
            self._cluster.apply(CONFIG_MAP, self._body(document, name, chunk))
        return names

    def load(self, names: Sequence[str]) -> str:
        """The text behind these ConfigMaps. Raises PlanUnreadable where one is gone or was changed."""
        try:
            return _unpack(self._chunks(names)).decode()
        except (ClusterNotFound, KeyError, binascii.Error, EOFError, OSError, zlib.error, UnicodeDecodeError):
            raise PlanUnreadable(
                f"the ConfigMaps of run {self._run.name} ({', '.join(names)}) are gone or were changed. "
                "Make a new run: it plans anew."
            ) from None

    def name(self, document: str, number: int) -> str:
        return f"{self._run.name[:180]}-{document}-{self._run.uid[:8]}-{number}"

    def _chunks(self, names: Iterable[str]) -> Iterator[bytes]:
        for name in names:
            found = self._cluster.get(CONFIG_MAP, self._run.namespace, name)
            yield base64.b64decode(found["binaryData"][KEY], validate=True)

    def _body(self, document: str, name: str, chunk: bytes) -> Object:
        owner = {"apiVersion": API_VERSION, "kind": "RegistryCleanupRun", "name": self._run.name, "uid": self._run.uid}
        return {
            "metadata": {
                "name": name,
                "namespace": self._run.namespace,
                "labels": {"app.kubernetes.io/managed-by": "regsweep", f"{GROUP}/document": document},
                "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": False}],
            },
            "binaryData": {KEY: base64.b64encode(chunk).decode()},
        }


def _unpack(chunks: Iterable[bytes]) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(b"".join(chunks))) as file:
        text = file.read(MAXIMUM_BYTES + 1)
    if len(text) > MAXIMUM_BYTES:
        raise EOFError
    return text
