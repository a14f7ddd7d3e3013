"""The record's rules in plain Python: what may be appended, and what follows from what was. No HTTP, no SQL, no clock.

A decision (`record`, `amend`, `publish`, …) takes what is known and answers with an `Event`, or refuses;
`evolve` takes a state and an `Entry` and answers with the next state. States are frozen.
"""
