"""`backup` and `restore`: the whole suite at one moment, in one file, and back on an empty home.

A backup is a tar archive in gzip, cut into chunks that each prove themselves (``container``): metadata first, then
each collection as BSON documents one behind the other, the home's own files, and last a manifest of all of it.
"""
