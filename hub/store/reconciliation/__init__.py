"""Reconciliation: which record is the counterpart of which complaint, and the state of the fields that both share.

The problem: the same matter is a complaint here and a record at another system. Both sides decide on it, without a
common clock or transaction, and what they report arrives late, repeatedly and in any order. Yet both must end with the
same values, no decision may be lost silently, and no update may be sent back and forth for ever.

The rules:

- A complaint and a record are linked only if that is proven: the hub created one from the other, or the complaint desk
  confirmed a claim (``counterparts``). A reference that anybody can write is only a claim (``claims``).
- For each shared field and system, the latest value of either side is stored with the time of its decision
  (``field_states``). Values of one side replace each other by time, so that the order of arrival does not matter.
- The authority of a field decides between the two sides (``hub.complaints.field_authority``); if a person has to
  decide, both values are stored as a conflict.

The invariant: the merged value depends on the two stored values alone. A merge that is repeated changes nothing, and a
value that was taken over from a system is never sent back to it.

``hub.store.use_cases.reconciliation`` applies the rules to complaints.
"""
