"""What a change of policy would change: two policies, judged on the same inventory, one repository at a time."""

from regsweep.core.comparison.comparing import Comparing, Sides
from regsweep.core.comparison.document import Comparison

__all__ = ["Comparing", "Comparison", "Sides"]
