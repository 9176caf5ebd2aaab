"""The catalogue's own programs. They run inside containers, from `python -I -S` (see __main__.py).

A law for them: standard library only, and of that only what starts in a few milliseconds.
"""
