-- What an endpoint sent beside its chain: a stapled answer of OCSP and a list of certificate timestamps as they came, and
-- whose certificates it asks clients for (null: it asks for none). `offers` is what it takes; null: it was never asked.
ALTER TABLE endpoint ADD COLUMN staple BLOB;
ALTER TABLE endpoint ADD COLUMN timestamps BLOB;
ALTER TABLE endpoint ADD COLUMN authorities TEXT CHECK (json_valid(authorities));
ALTER TABLE endpoint ADD COLUMN offers TEXT CHECK (json_valid(offers));

-- What each address of an endpoint showed when it was last looked at, where its name has several. `chain` is the
-- certificates that it sent when it last sent any, in their order.
CREATE TABLE endpoint_address (
  endpoint INTEGER NOT NULL REFERENCES endpoint (id),
  address  TEXT NOT NULL,
  outcome  TEXT NOT NULL,
  message  TEXT NOT NULL,
  chain    TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(chain)),
  at       TEXT NOT NULL,
  PRIMARY KEY (endpoint, address)
) STRICT, WITHOUT ROWID;

-- How an endpoint is reached: empty, directly; else the proxy or the jump host that leads there.
ALTER TABLE target ADD COLUMN way TEXT NOT NULL DEFAULT '';
ALTER TABLE unvisited ADD COLUMN way TEXT NOT NULL DEFAULT '';
