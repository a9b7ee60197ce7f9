"""An estimate against a reference, by a protocol that has a name."""
