-- Whether a certificate that signed itself has issued others; and until when those are that break rules of a profile.
CREATE INDEX certificate_issued ON certificate (substr(issuer, 1, 120)) WHERE is_seen = 1 AND is_self_issued = 0;

CREATE INDEX certificate_breaks_until ON certificate (violation, not_after) WHERE violation IS NOT NULL AND is_seen = 1;
