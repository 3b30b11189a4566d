"""HTTP, HTML, keys and screens; each view calls one use-case."""
