"""The control loops of the cluster, each in a folder of its own.

They see the cluster through svclab.client alone and meet only in the API: none imports another, none knows the store.
What a loop decides is a pure function of what it observed; the controller file of its folder does the I/O.
"""
