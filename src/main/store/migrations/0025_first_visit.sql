-- What the first visit to an endpoint costs: most of them have no key exchange to speak of, and no label.

DROP TRIGGER endpoint_begins_with_key_exchange;
CREATE TRIGGER endpoint_begins_with_key_exchange AFTER INSERT ON endpoint
WHEN NEW.offers IS NOT NULL OR NEW.facts ->> 'version' IN ('TLS 1.2', 'TLS 1.1', 'TLS 1.0', 'SSL 3.0')
BEGIN
  UPDATE endpoint
  SET key_exchange = (SELECT key_exchange FROM key_exchange_of WHERE key_exchange_of.id = NEW.id),
      key_exchange_since = NEW.last_seen
  WHERE id = NEW.id;
END;
