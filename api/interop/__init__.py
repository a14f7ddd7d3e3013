"""The field's formats: what goes out in them, rendered from stored documents, and what is taken in."""
