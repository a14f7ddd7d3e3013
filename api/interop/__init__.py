"""The field's formats: what goes out in them, and what is taken in. Rendered from stored documents."""
