-- What a bundle told of a host counts until the host is read anew: then it goes, and into no backup either.
DELETE FROM carried_look
WHERE collected_at IS NOT (SELECT last_read FROM host WHERE host.id = carried_look.host);

CREATE TRIGGER carried_look_ends AFTER UPDATE OF last_read ON host
WHEN NEW.last_read IS NOT OLD.last_read
BEGIN
  DELETE FROM carried_look WHERE host = NEW.id;
END;
