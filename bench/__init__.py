"""What regsweep costs, next to what it cannot be faster than: `python -m bench`, or `make bench`.

No result is a test: a machine is fast or slow, busy or not. Each number stands beside a peer or a limit that was
measured in the same run. README.md says what each row means.

rows       one line of the table, ratios of runs that took turns, and how they are printed
peers      the same requests by bare http.client connections and by requests.Session
bed        a filled registry to measure on, and its own log of what it was asked
hops       read and plan, as a run does them
reading    client and scan
changing   sweep and collect
engine     judge and plan over a made registry (made), without any I/O
"""
