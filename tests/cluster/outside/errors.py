"""What goes wrong on the machine's side, as one line that says what to do."""


class NodeFailed(Exception):
    """A step did not work."""


class RequirementMissing(NodeFailed):
    """This machine lacks something that a node needs."""
