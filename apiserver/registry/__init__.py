"""The rules of the API: what an object must be, what it becomes, and what a write does. Pure but for the store."""

from apiserver.registry.network import ClusterNetwork
from apiserver.registry.patches import Patch
from apiserver.registry.registry import Registry, Written

__all__ = ["ClusterNetwork", "Patch", "Registry", "Written"]
