-- What would show a certificate that is to be served: a scan of an endpoint, or nothing, and why. Null: it is not known, or was not
-- asked for yet. Of one that nothing shows the state stays as not seen, and is told as never served.
ALTER TABLE serving ADD COLUMN shown_by TEXT CHECK (json_valid(shown_by));
