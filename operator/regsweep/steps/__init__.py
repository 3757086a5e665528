"""One verb each, with effects: scan, sweep, collect, verify, ...

No step imports another; `pipeline` knows the order.
"""
