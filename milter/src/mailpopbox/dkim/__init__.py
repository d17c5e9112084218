"""The keys with which mail is signed: one a domain and algorithm, renewed without a gap."""
