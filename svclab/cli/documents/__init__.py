"""YAML and JSON text to values that know their lines, and back: the edge where text becomes data."""
