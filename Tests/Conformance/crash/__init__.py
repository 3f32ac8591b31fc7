"""Kills the real server in the middle of everything and looks at what is left.

`run.Torture` keeps one data directory and a server on it, owners (`owner.py`) who change models through the API and
note in a ledger what they were told, callers who predict all the time, and a receiver of webhooks. A round lets them
work, kills the server, starts it again and compares. `leftovers.py` looks at the machine itself.
"""
