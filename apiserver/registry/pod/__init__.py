"""Pods: defaults, admission, rules, and what may change. Pure: messages in, messages out."""
