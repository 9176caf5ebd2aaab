"""The selectors of lists and watches."""

from protos.fieldselectors import FieldSelector
from protos.labelselectors import LabelSelector, Requirement

__all__ = ["FieldSelector", "LabelSelector", "Requirement"]
