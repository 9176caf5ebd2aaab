"""Services: defaults, families, allocation, transitions between types, and rules. Pure: messages in, messages out."""
