"""Small repositories, one for each way in which cleaners lose images or leave bytes behind.

What must stay and what must go is written down with the content itself, and never worked out by regsweep's code.
"""
