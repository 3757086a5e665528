"""The one exception tree. Standard library only; everyone may import it.

    RegsweepError
    ├─ InvalidInput                a file, an option or an argument that cannot be used
    │  ├─ PolicyInvalid            a policy that could not mean what its author thinks
    │  ├─ PlanUnreadable           a plan or a record of an unknown version, or damaged
    │  ├─ InventoryUnreadable      a saved inventory of an unknown version, cut or damaged
    │  └─ KeepsakeUnreadable       what was kept of deleted images is of an unknown version, damaged, or gone
    ├─ Refused                     nothing was begun, on purpose
    │  ├─ ApprovalRequired         a person has to look at the plan first (manual approval, or over a limit)
    │  ├─ PlanExpired              the plan is too old to be true
    │  ├─ PolicyChanged            the plan was made for another policy, registry or mode
    │  ├─ InUseUnknown             what the cluster uses could not be learnt
    │  ├─ StorageUnavailable       the registry's files cannot be read, or what was read is not believed
    │  ├─ DeleteDisabled           the registry does not delete: switched off, a cache, or read-only
    │  ├─ RegistryReadOnly         the registry takes no pushes, so nothing can be put back
    │  ├─ KeepsakeTooLarge         what would be deleted cannot be kept, so that it could not be undone
    │  ├─ AlreadyCollected         a garbage collection took what was to be put back
    │  └─ NothingToRestore         nothing was kept of what was asked for
    ├─ RegistryError               the registry does not answer as a registry should
    │  ├─ RegistryUnreachable      no connection, no name, TLS, time-out, 5xx to the end
    │  ├─ RegistryDenied           credentials missing, wrong, or short of a right
    │  ├─ NotARegistry             something else answers at that URL
    │  └─ RegistryMisbehaved       a body that is cut, too large, no JSON, or not what its digest says
    ├─ ClusterError                the Kubernetes API
    │  ├─ ClusterUnreachable       no connection, time-out, 5xx
    │  ├─ ClusterDenied            401 or 403: a right is missing
    │  ├─ ClusterConflict          another writer owns the field, or the object changed meanwhile
    │  ├─ ClusterNotFound          the object is not there
    │  └─ ExecFailed               a command in a pod failed, or its end is unknown
    │     └─ NoSuchProgram         the container does not have it
    ├─ Incomplete                  begun, and not whole
    │  ├─ PartialInventory         some repositories could not be read: they were left alone
    │  ├─ SweepIncomplete          some deletions failed
    │  ├─ RestoreIncomplete        some images could not be put back
    │  ├─ DeadlineExceeded         the run took longer than it may
    │  └─ Cancelled                asked to stop
    ├─ CollectError                the maintenance window
    │  ├─ WorkloadUnfit            preflight: nothing was changed
    │  ├─ ReadOnlyNotProven        a replica may still accept writes: nothing was collected
    │  ├─ CollectFailed            garbage-collect did not run to its end
    │  └─ LiftFailed               the registry is still read-only
    └─ ImagesDamaged               an image that was to be kept is not whole

`DOORS` says what an error means outside: the exit code of the command line and the reason of a condition.
No message may hold a credential; whoever raises sees to it.
"""

from __future__ import annotations

from dataclasses import dataclass


class RegsweepError(Exception):
    """Base of all. `str(error)` is one paragraph for a person: what is wrong, and what to do about it."""


class InvalidInput(RegsweepError):
    pass


class PolicyInvalid(InvalidInput):
    """A policy is refused. `problems` holds one (path of the field, message with the fix) for each fault."""

    def __init__(self, problems: list[tuple[str, str]], source: str = "") -> None:
        self.problems = problems
        where = f"{source}: " if source else ""
        super().__init__(where + "; ".join(f"{field}: {message}" if field else message for field, message in problems))


class PlanUnreadable(InvalidInput):
    pass


class InventoryUnreadable(InvalidInput):
    pass


class KeepsakeUnreadable(InvalidInput):
    pass


class Refused(RegsweepError):
    pass


class ApprovalRequired(Refused):
    """The plan waits for a person. `reason` is the condition's: ManualApproval or LimitExceeded."""

    def __init__(self, message: str, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


class PlanExpired(Refused):
    pass


class PolicyChanged(Refused):
    pass


class InUseUnknown(Refused):
    pass


class StorageUnavailable(Refused):
    pass


class DeleteDisabled(Refused):
    pass


class RegistryReadOnly(Refused):
    pass


class KeepsakeTooLarge(Refused):
    pass


class AlreadyCollected(Refused):
    pass


class NothingToRestore(Refused):
    pass


class RegistryError(RegsweepError):
    pass


class RegistryUnreachable(RegistryError):
    pass


class RegistryDenied(RegistryError):
    pass


class NotARegistry(RegistryError):
    pass


class RegistryMisbehaved(RegistryError):
    pass


class ClusterError(RegsweepError):
    pass


class ClusterUnreachable(ClusterError):
    pass


class ClusterDenied(ClusterError):
    pass


class ClusterConflict(ClusterError):
    pass


class ClusterNotFound(ClusterError):
    pass


class ExecFailed(ClusterError):
    pass


class NoSuchProgram(ExecFailed):
    pass


class Incomplete(RegsweepError):
    pass


class PartialInventory(Incomplete):
    pass


class SweepIncomplete(Incomplete):
    pass


class RestoreIncomplete(Incomplete):
    pass


class DeadlineExceeded(Incomplete):
    pass


class Cancelled(Incomplete):
    pass


class CollectError(RegsweepError):
    pass


class WorkloadUnfit(CollectError):
    pass


class ReadOnlyNotProven(CollectError):
    pass


class CollectFailed(CollectError):
    pass


class LiftFailed(CollectError):
    pass


class ImagesDamaged(RegsweepError):
    pass


@dataclass(frozen=True, slots=True)
class Door:
    """What an error means outside: exit code of the terminal, reason of the condition, and whether trying again may
    help.
    """

    exit_code: int
    reason: str
    transient: bool = False


DOORS: dict[type[RegsweepError], Door] = {
    RegsweepError: Door(4, "InternalError"),
    InvalidInput: Door(2, "InvalidInput"),
    PolicyInvalid: Door(2, "InvalidSpec"),
    PlanUnreadable: Door(2, "PlanUnreadable"),
    InventoryUnreadable: Door(2, "InventoryUnreadable"),
    KeepsakeUnreadable: Door(2, "KeepsakeUnreadable"),
    Refused: Door(3, "Refused"),
    ApprovalRequired: Door(3, "AwaitingApproval"),
    PlanExpired: Door(3, "PlanExpired"),
    PolicyChanged: Door(3, "PolicyChanged"),
    InUseUnknown: Door(3, "InUseUnknown"),
    StorageUnavailable: Door(3, "StorageUnavailable"),
    DeleteDisabled: Door(4, "DeleteDisabled"),
    RegistryReadOnly: Door(4, "RegistryReadOnly"),
    KeepsakeTooLarge: Door(3, "KeepsakeTooLarge"),
    AlreadyCollected: Door(3, "AlreadyCollected"),
    NothingToRestore: Door(3, "NothingToRestore"),
    RegistryError: Door(4, "RegistryError"),
    RegistryUnreachable: Door(4, "RegistryUnreachable", transient=True),
    RegistryDenied: Door(4, "Unauthorized"),
    NotARegistry: Door(4, "NotARegistry"),
    RegistryMisbehaved: Door(4, "RegistryMisbehaved", transient=True),
    ClusterError: Door(4, "ClusterError"),
    ClusterUnreachable: Door(4, "ClusterUnreachable", transient=True),
    ClusterDenied: Door(4, "ClusterDenied"),
    ClusterConflict: Door(4, "FieldConflict"),
    ClusterNotFound: Door(4, "NotFound"),
    ExecFailed: Door(4, "ExecFailed", transient=True),
    NoSuchProgram: Door(4, "ExecFailed"),
    Incomplete: Door(1, "Incomplete"),
    PartialInventory: Door(1, "PartialInventory"),
    SweepIncomplete: Door(1, "SweepIncomplete"),
    RestoreIncomplete: Door(1, "RestoreIncomplete"),
    DeadlineExceeded: Door(1, "DeadlineExceeded"),
    Cancelled: Door(130, "Cancelled"),
    CollectError: Door(4, "CollectFailed"),
    WorkloadUnfit: Door(4, "WorkloadUnfit"),
    ReadOnlyNotProven: Door(4, "ReadOnlyNotProven"),
    CollectFailed: Door(4, "CollectFailed"),
    LiftFailed: Door(4, "LiftFailed"),
    ImagesDamaged: Door(5, "ImagesDamaged"),
}


def door(error: RegsweepError) -> Door:
    """The entry of the nearest class in the table. Every class of the tree has its own (tested)."""
    return next(DOORS[kind] for kind in type(error).__mro__ if kind in DOORS)
