"""The cluster's DNS server, a process of its own: Kubernetes' DNS schema 1.1.0 over UDP and TCP, as CoreDNS answers it.

The modules names, message, wire, encoder, records, zone, lookup, answers, catalog and cache are pure: values in, values
out, no clock, no socket, no await. Kubernetes' messages stop at records and catalog. The rest is I/O, wired in main.
"""
