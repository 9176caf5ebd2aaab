"""Who calls, and what that caller may do. Decisions are pure; keys lie in files that only their owner reads."""
