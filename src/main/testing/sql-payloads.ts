/** Stands in every payload, so that it can be looked for where it must not be. */
export const CANARY = "zq7canary";

/** What obeys to SQL, to a full-text search or to a template, and what is read as one value and meant as another. */
export const PAYLOADS = [
  ...[
    `' OR '1'='1' --${CANARY}`,
    `'; DROP TABLE finding; --${CANARY}`,
    `") OR 1=1 --${CANARY}`,
    `1) OR (1=1 ${CANARY}`,
  ],
  ...[
    `' UNION SELECT sql FROM sqlite_schema --${CANARY}`,
    `%' ESCAPE '' --${CANARY}`,
    `\\' OR 1=1 --${CANARY}`,
  ],
  ...[
    `x'; ATTACH DATABASE '/tmp/${CANARY}' AS evil; --`,
    `'||load_extension('${CANARY}')||'`,
    `?1 @now :now $now ${CANARY}`,
  ],
  ...[
    `"${CANARY}`,
    `""${CANARY}""`,
    `${CANARY}*`,
    `text:${CANARY}`,
    `NEAR(${CANARY} x, 2)`,
    `${CANARY} AND NOT OR`,
    `^${CANARY}`,
  ],
  ...[
    `{text fingerprint}:${CANARY}`,
    `-${CANARY}`,
    `+${CANARY}`,
    `(${CANARY}`,
    `%${CANARY}%`,
    `_${CANARY}_`,
    `[a-z]${CANARY}`,
  ],
  ...[
    `${CANARY}\0' OR 1=1`,
    `${CANARY}\ud800`,
    `${CANARY}\uffff`,
    `/*${CANARY}*/`,
    `;${CANARY};`,
    `$\{${CANARY}}`,
    `{{${CANARY}}}`,
  ],
  ...[
    `SHA256:${CANARY}' OR '1`,
    `SHA256:${CANARY}%`,
    `00:ff:${CANARY}`,
    `char(39)${CANARY}`,
    `${CANARY}${"'".repeat(80)}`,
  ],
];
