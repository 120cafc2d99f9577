"""Numbers recomputed from raw tables alone and compared with what is stored.

Reads raw_* and nothing that a model has made of it; what the marts and closed months hold is only compared
with. No state is stored from one recomputation to the next.
"""
