/** Part of every payload, so that tests can search for it where it must not be. */
export const CANARY = "zq7canary";

/**
 * Texts that SQL, a full-text search or a template would execute, and texts that are read as one value and meant as
 * another.
 */
export const PAYLOADS = [
  `' OR '1'='1' --${CANARY}`,
  `'; DROP TABLE finding; --${CANARY}`,
  `") OR 1=1 --${CANARY}`,
  `1) OR (1=1 ${CANARY}`,
  `' UNION SELECT sql FROM sqlite_schema --${CANARY}`,
  `%' ESCAPE '' --${CANARY}`,
  `\\' OR 1=1 --${CANARY}`,
  `x'; ATTACH DATABASE '/tmp/${CANARY}' AS evil; --`,
  `'||load_extension('${CANARY}')||'`,
  `?1 @now :now $now ${CANARY}`,
  `"${CANARY}`,
  `""${CANARY}""`,
  `${CANARY}*`,
  `text:${CANARY}`,
  `NEAR(${CANARY} x, 2)`,
  `${CANARY} AND NOT OR`,
  `^${CANARY}`,
  `{text fingerprint}:${CANARY}`,
  `-${CANARY}`,
  `+${CANARY}`,
  `(${CANARY}`,
  `%${CANARY}%`,
  `_${CANARY}_`,
  `[a-z]${CANARY}`,
  `${CANARY}\0' OR 1=1`,
  `${CANARY}\ud800`,
  `${CANARY}\uffff`,
  `/*${CANARY}*/`,
  `;${CANARY};`,
  `$\{${CANARY}}`,
  `{{${CANARY}}}`,
  `SHA256:${CANARY}' OR '1`,
  `SHA256:${CANARY}%`,
  `00:ff:${CANARY}`,
  `char(39)${CANARY}`,
  `${CANARY}${"'".repeat(80)}`,
];
