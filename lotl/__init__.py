"""lotl."""
