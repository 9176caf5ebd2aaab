"""The cluster's DNS server, a process of its own: Kubernetes' DNS schema 1.1.0 over UDP and TCP, as CoreDNS answers it.

names, wire, records, zone, lookup, answers and catalog are pure: values in, values out, no clock, no socket, no await.
Kubernetes' messages stop at records and catalog. Only main and the modules that it starts do I/O.
"""
