"""How gateways reach servers whose address somebody else has given."""
