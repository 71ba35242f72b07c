// CQL
