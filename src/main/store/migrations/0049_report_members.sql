-- What a report is about beside its thing and its place, as data: paths, fingerprints. An acceptance covers those that there were.
ALTER TABLE report ADD COLUMN members TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(members));

-- What earlier reports said of it in their evidence. That of keystores named the password after the path.
UPDATE report
SET members = (
  SELECT json_group_array(DISTINCT member)
  FROM (
    SELECT CASE finding.rule
        WHEN 'certificate-file-gone' THEN said.value
        WHEN 'certificate-file-unreadable' THEN said.value
        WHEN 'certificate-file-unnamed' THEN iif(said.key = 0, said.value, NULL)
        WHEN 'certificate-without-key' THEN
          iif(said.value LIKE '% holds the certificate', substr(said.value, 1, length(said.value) - 22), NULL)
        WHEN 'keystore-default-password' THEN substr(said.value, 1, length(said.value) - 20)
        WHEN 'host-key-changed' THEN iif(said.key = 0, substr(said.value, instr(said.value, 'SHA256:')), NULL)
        WHEN 'host-key-leaked' THEN substr(said.value, instr(said.value, 'SHA256:'), 50)
      END AS member
    FROM finding, json_each(report.evidence) AS said
    WHERE finding.id = report.finding)
  WHERE member IS NOT NULL);

UPDATE OR REPLACE accepted_member
SET member = substr(member, 1, length(member) - 20)
WHERE member LIKE '% opens with ________'
  AND acceptance IN (SELECT id FROM acceptance WHERE rule = 'keystore-default-password');

-- Those that had no members of that kind cover what there is now.
INSERT OR IGNORE INTO accepted_member (acceptance, member)
SELECT acceptance.id, named.value
FROM acceptance
JOIN finding ON finding.kind = acceptance.kind AND finding.about = acceptance.about AND finding.rule = acceptance.rule
JOIN report ON report.finding = finding.id
JOIN json_each(report.members) AS named
WHERE acceptance.withdrawn_at IS NULL
  AND acceptance.rule IN ('certificate-file-unnamed', 'certificate-without-key', 'host-key-changed', 'host-key-leaked');
