"""Why one image is kept or goes, and what would change that. It explains verdicts of `core.retention`, and makes none.

image      which image is meant, and what is near when there is no such one
case       one repository under one policy, judged
chain      the rules in their order: which selects, and why the others do not
standing   place among its neighbours, age and where that comes from
ties       tags on the same digest, indexes, subjects, referrers, and all that protects
edits      single changes of a policy, in words and done
changes    the changes that decide otherwise, each tried
document   the explanation as a document; text as lines
planned    what a plan alone says
"""

from regsweep.core.explain.case import Case
from regsweep.core.explain.document import Explanation
from regsweep.core.explain.explanation import explain
from regsweep.core.explain.image import Image, find, parse_image
from regsweep.core.explain.planned import explain_plan

__all__ = ["Case", "Explanation", "Image", "explain", "explain_plan", "find", "parse_image"]
