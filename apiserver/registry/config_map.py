"""ConfigMaps: rules of their keys, their size, and of immutable ones."""

from apiserver.registry.field_errors import FieldError, forbidden, invalid, too_long
from apiserver.registry.strategy import Strategy
from protos.kinds import CONFIG_MAPS
from protos.kubernetes.core_pb2 import ConfigMap
from protos.labels import config_key_faults

_LIMIT = 1024 * 1024  # bytes of all values
_IMMUTABLE = "field is immutable when `immutable` is set"


class ConfigMapStrategy(Strategy):
    """ConfigMaps."""

    def __init__(self) -> None:
        super().__init__(CONFIG_MAPS)

    def validate(self, new: ConfigMap) -> list[FieldError]:
        errors: list[FieldError] = []
        for name, keys in (("data", new.data), ("binaryData", new.binaryData)):
            for key in sorted(keys):
                errors += [invalid(f"{name}[{key}]", key, fault) for fault in config_key_faults(key)]
        for key in sorted(set(new.data) & set(new.binaryData)):
            errors.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        size = sum(len(value.encode()) for value in new.data.values())
        size += sum(len(value) for value in new.binaryData.values())
        if size > _LIMIT:
            errors.append(too_long("", _LIMIT))
        return errors

    def validate_update(self, new: ConfigMap, old: ConfigMap) -> list[FieldError]:
        if not old.immutable:
            return []
        errors: list[FieldError] = []
        if not new.immutable:
            errors.append(forbidden("immutable", _IMMUTABLE))
        for name in ("data", "binaryData"):
            if dict(getattr(new, name)) != dict(getattr(old, name)):
                errors.append(forbidden(name, _IMMUTABLE))
        return errors
