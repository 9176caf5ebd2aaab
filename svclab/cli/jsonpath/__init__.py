"""kubectl's JSONPath templates: text with paths in braces, such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

The dialect is kubectl's own (https://kubernetes.io/docs/reference/kubectl/jsonpath/).
Values are JSON values as Python has them.
"""

from svclab.cli.jsonpath.evaluate import find, to_text
from svclab.cli.jsonpath.lexis import JSONPathError
from svclab.cli.jsonpath.parse import parse, relaxed

__all__ = ["JSONPathError", "find", "parse", "relaxed", "to_text"]
