"""A package, so that the operator of its fixture `installation` is gone before the next folder's tests begin."""
