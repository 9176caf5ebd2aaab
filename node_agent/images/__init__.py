"""The images that pods may name: a catalogue of programs that are on every machine, in the place of a registry."""
