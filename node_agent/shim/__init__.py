"""What holds a pod while its agent comes and goes: one small process per pod, forked from a spawner.

A law for these modules: standard library only, and of that only what starts in a few milliseconds (no asyncio, no
dataclasses, no pathlib); no knowledge of Kubernetes objects. The agent says in JSON what to run, the shim runs it
and says what became of it.
"""
