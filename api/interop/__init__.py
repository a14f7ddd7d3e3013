"""The formats of the field, made from the record and taken into it."""
