-- What is added up along the way, so that one more place costs the same however many there are.

-- Another value after each reading of a host: what was made of its map, its files and its rows holds until then.
ALTER TABLE host ADD COLUMN reading TEXT;

-- The worst that was seen where one thing is to be served is asked for with each endpoint.
CREATE INDEX served_worst ON served (serving, state);

-- What one host has held of a certificate that others hold as well.
DROP INDEX place_gone_of_certificate;
CREATE INDEX place_gone_of_certificate ON place (certificate, host) WHERE gone_scan IS NOT NULL;

-- How many places of a certificate are under hosts of one owner, and under hosts of one tag. Where there is none there is
-- no row.
CREATE TABLE certificate_under_owner (
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  owner       TEXT NOT NULL,
  count       INTEGER NOT NULL,
  PRIMARY KEY (certificate, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate_under_tag (
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  tag         INTEGER NOT NULL REFERENCES tag (id),
  count       INTEGER NOT NULL,
  PRIMARY KEY (certificate, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX certificate_under_tag_of_tag ON certificate_under_tag (tag);

INSERT INTO certificate_under_owner (certificate, owner, count)
SELECT place.certificate, host_name.owner, count(*)
FROM host_name JOIN place ON place.name = host_name.id
WHERE host_name.owner IS NOT NULL AND host_name.owner <> '' AND place.gone_scan IS NULL
GROUP BY 1, 2;

INSERT INTO certificate_under_tag (certificate, tag, count)
SELECT place.certificate, tagged_host.tag, count(*)
FROM tagged_host JOIN place ON place.name = tagged_host.name
WHERE place.gone_scan IS NULL
GROUP BY 1, 2;

DROP TRIGGER place_begins;
DROP TRIGGER place_ends;
DROP TRIGGER place_begins_under_label;
DROP TRIGGER place_ends_under_label;
DROP VIEW inherited_owner;
DROP VIEW asked_percent;

-- The owner of a certificate where none was said of it: the one that all hosts have where it is seen.
CREATE VIEW inherited_owner AS
SELECT certificate.id AS certificate,
  ifnull((
    SELECT iif(under.count = place_count, under.owner, '')
    FROM certificate_under_owner AS under WHERE under.certificate = certificate.id LIMIT 1), '') AS owner
FROM certificate;

-- What the tags of a certificate, and of hosts where it is seen, ask for; the earliest counts.
CREATE VIEW asked_percent AS
SELECT certificate, due_percent
FROM tagged_certificate JOIN tag ON tag.id = tagged_certificate.tag
WHERE due_percent IS NOT NULL
UNION ALL
SELECT certificate, due_percent
FROM certificate_under_tag JOIN tag ON tag.id = certificate_under_tag.tag
WHERE due_percent IS NOT NULL;

-- An owner and a share are set one after the other: each moves the certificate in the tally of those that expire.
CREATE TRIGGER place_begins AFTER INSERT ON place
BEGIN
  UPDATE certificate
  SET place_count = place_count + 1,
      endpoint_count = endpoint_count + (NEW.endpoint IS NOT NULL),
      only_name = CASE WHEN place_count = 0 OR only_name = NEW.name THEN NEW.name END
  WHERE id = NEW.certificate;
  UPDATE certificate SET is_at_endpoint = 1
  WHERE id = NEW.certificate AND NEW.endpoint IS NOT NULL AND is_at_endpoint = 0;
  UPDATE certificate SET is_in_file = 1
  WHERE id = NEW.certificate AND NEW.endpoint IS NULL AND is_in_file = 0;
  UPDATE certificate SET is_seen = 1 WHERE id = NEW.certificate AND is_seen = 0;
  INSERT INTO certificate_under_owner (certificate, owner, count)
  SELECT NEW.certificate, owner, 1 FROM host_name WHERE id = NEW.name AND owner <> ''
  ON CONFLICT DO UPDATE SET count = count + 1;
  INSERT INTO certificate_under_tag (certificate, tag, count)
  SELECT NEW.certificate, tag, 1 FROM tagged_host WHERE name = NEW.name
  ON CONFLICT DO UPDATE SET count = count + 1;
  UPDATE certificate
  SET owner = (SELECT owner FROM inherited_owner WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate AND own_owner IS NULL
    AND owner <> (SELECT owner FROM inherited_owner WHERE certificate = NEW.certificate);
  UPDATE certificate
  SET due_percent = (SELECT max(due_percent) FROM asked_percent WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate
    AND due_percent IS NOT (SELECT max(due_percent) FROM asked_percent WHERE certificate = NEW.certificate);
END;

CREATE TRIGGER place_ends AFTER UPDATE OF gone_scan ON place
WHEN OLD.gone_scan IS NULL AND NEW.gone_scan IS NOT NULL
BEGIN
  UPDATE certificate
  SET place_count = place_count - 1,
      endpoint_count = endpoint_count - (NEW.endpoint IS NOT NULL),
      only_name = (
        SELECT least.name
        FROM (SELECT min(name) AS name FROM place WHERE certificate = NEW.certificate AND gone_scan IS NULL) AS least
        WHERE least.name = (SELECT max(name) FROM place WHERE certificate = NEW.certificate AND gone_scan IS NULL)
      )
  WHERE id = NEW.certificate;
  UPDATE certificate SET is_at_endpoint = 0
  WHERE id = NEW.certificate AND endpoint_count = 0 AND is_at_endpoint = 1;
  UPDATE certificate SET is_in_file = 0
  WHERE id = NEW.certificate AND place_count = endpoint_count AND is_in_file = 1;
  UPDATE certificate SET is_seen = 0 WHERE id = NEW.certificate AND place_count = 0 AND is_seen = 1;
  UPDATE certificate_under_owner SET count = count - 1
  WHERE certificate = NEW.certificate AND owner = (SELECT owner FROM host_name WHERE id = NEW.name);
  DELETE FROM certificate_under_owner
  WHERE certificate = NEW.certificate AND owner = (SELECT owner FROM host_name WHERE id = NEW.name) AND count = 0;
  UPDATE certificate_under_tag SET count = count - 1
  WHERE certificate = NEW.certificate AND tag IN (SELECT tag FROM tagged_host WHERE name = NEW.name);
  DELETE FROM certificate_under_tag
  WHERE certificate = NEW.certificate AND tag IN (SELECT tag FROM tagged_host WHERE name = NEW.name) AND count = 0;
  UPDATE certificate
  SET owner = (SELECT owner FROM inherited_owner WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate AND own_owner IS NULL
    AND owner <> (SELECT owner FROM inherited_owner WHERE certificate = NEW.certificate);
  UPDATE certificate
  SET due_percent = (SELECT max(due_percent) FROM asked_percent WHERE certificate = NEW.certificate)
  WHERE id = NEW.certificate
    AND due_percent IS NOT (SELECT max(due_percent) FROM asked_percent WHERE certificate = NEW.certificate);
END;

-- Whoever labels a host has what follows for its certificates written at once; here it is only added up.
CREATE TRIGGER host_name_has_another_owner AFTER UPDATE OF owner ON host_name
WHEN OLD.owner IS NOT NEW.owner
BEGIN
  UPDATE certificate_under_owner
  SET count = count - (
    SELECT count(*) FROM place
    WHERE name = NEW.id AND place.certificate = certificate_under_owner.certificate AND gone_scan IS NULL)
  WHERE owner = OLD.owner AND certificate IN (SELECT certificate FROM place WHERE name = NEW.id AND gone_scan IS NULL);
  DELETE FROM certificate_under_owner
  WHERE owner = OLD.owner AND count = 0
    AND certificate IN (SELECT certificate FROM place WHERE name = NEW.id AND gone_scan IS NULL);
  INSERT INTO certificate_under_owner (certificate, owner, count)
  SELECT certificate, NEW.owner, count(*) FROM place
  WHERE name = NEW.id AND gone_scan IS NULL AND NEW.owner <> ''
  GROUP BY certificate
  ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;

CREATE TRIGGER host_is_tagged AFTER INSERT ON tagged_host
BEGIN
  INSERT INTO certificate_under_tag (certificate, tag, count)
  SELECT certificate, NEW.tag, count(*) FROM place
  WHERE name = NEW.name AND gone_scan IS NULL
  GROUP BY certificate
  ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;

CREATE TRIGGER host_is_tagged_no_more AFTER DELETE ON tagged_host
BEGIN
  UPDATE certificate_under_tag
  SET count = count - (
    SELECT count(*) FROM place
    WHERE name = OLD.name AND place.certificate = certificate_under_tag.certificate AND gone_scan IS NULL)
  WHERE tag = OLD.tag AND certificate IN (SELECT certificate FROM place WHERE name = OLD.name AND gone_scan IS NULL);
  DELETE FROM certificate_under_tag
  WHERE tag = OLD.tag AND count = 0
    AND certificate IN (SELECT certificate FROM place WHERE name = OLD.name AND gone_scan IS NULL);
END;

-- Endpoints of which everything can be read later, in the order of findings by host.
CREATE INDEX endpoint_readable_by_host ON endpoint (host, id) WHERE key_exchange IN ('classical', 'no-tls13');
