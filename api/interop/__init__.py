"""What others speak: the record in the formats of the field. Rendered from stored documents; nothing here is stored."""
