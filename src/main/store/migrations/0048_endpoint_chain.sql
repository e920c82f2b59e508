-- Where a server has certificates for several kinds of keys: the chain that each kind of client gets, as ids of certificates, the leaf first.
CREATE TABLE endpoint_chain (
  endpoint INTEGER NOT NULL REFERENCES endpoint (id),
  chain    TEXT NOT NULL CHECK (json_valid(chain)),
  PRIMARY KEY (endpoint, chain)
) STRICT, WITHOUT ROWID;
