"""Plans: rules lowered to atoms and boolean nodes, then folded, interned and cached."""
