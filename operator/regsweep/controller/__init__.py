"""kopf's door: the operator. It may know every layer below and the terminal's door not at all.

main         settings of a process: Lease, kopf, health, shutdown
handlers     kopf's events become keys, nothing else
scheduler    keys, timers and threads: which object is looked at, and when
policies     one policy: conditions, schedule, its runs
runs         one run: may it begin, wait, or is it over
runner       one run in its thread: ports, pipeline, the end in its status
"""
