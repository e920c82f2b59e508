/**
 * The tables with what a person has decided and others go by: each of their rows has a seal. `columns` are sealed,
 * `key` distinguishes the rows. A later column is added here by a step of the schema that drops the seals of its table.
 */
export type SealedTable = {
  table: string;
  key: readonly string[];
  columns: readonly string[];
  /** Names a row, by the values of its key. */
  describe: (key: readonly unknown[]) => string;
};

const TAGGED = {
  host: ["name"],
  account: ["account", "uid"],
  certificate: ["certificate"],
  thing: ["kind", "name"],
} as const;

function tagged(what: keyof typeof TAGGED): SealedTable {
  const key = [...TAGGED[what], "tag"];
  return { table: `tagged_${what}`, key, columns: key, describe: ([id]) => `a tag of ${what} ${id}` };
}

/** In the order in which they are verified when a database is opened (`MOST_AT_OPENING`). */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    table: "pin",
    key: ["host", "port"],
    columns: ["host", "port", "key_type", "fingerprint", "blob", "source", "pinned_at"],
    describe: ([host, port]) => `the pin of ${host} port ${port}`,
  },
  {
    table: "approval",
    key: ["id"],
    columns: [
      "id",
      "host",
      "account",
      "file",
      "text",
      "owner",
      "purpose",
      "review_on",
      "approved_at",
      "withdrawn_at",
    ],
    describe: ([id]) => `approval ${id} of a grant`,
  },
  {
    table: "account_approval",
    key: ["id"],
    columns: ["id", "host", "account", "uid", "owner", "purpose", "review_on", "approved_at", "withdrawn_at"],
    describe: ([id]) => `approval ${id} of an account`,
  },
  {
    table: "issuer",
    key: ["id"],
    columns: ["id", "name", "kind", "created_at"],
    describe: ([id]) => `issuer ${id}`,
  },
  {
    table: "local_authority",
    key: ["issuer"],
    columns: [
      "issuer",
      "permitted",
      "days_valid",
      "root",
      "root_secret",
      "intermediate",
      "intermediate_secret",
    ],
    describe: ([issuer]) => `the authority of issuer ${issuer}`,
  },
  {
    table: "acme_account",
    key: ["issuer"],
    columns: ["issuer", "directory", "account", "account_secret", "account_key", "roots", "challenge"],
    describe: ([issuer]) => `the ACME account of issuer ${issuer}`,
  },
  {
    table: "person_decision",
    key: ["id"],
    columns: ["id", "kind", "source", "handle", "other_source", "other_handle", "decided_at"],
    describe: ([id]) => `decision ${id} on who is one person`,
  },
  {
    table: "tag",
    key: ["id"],
    columns: ["id", "name", "due_percent", "owner", "environment"],
    describe: ([id]) => `tag ${id}`,
  },
  {
    table: "label",
    key: ["kind", "name", "host", "port", "uid"],
    columns: ["kind", "name", "host", "port", "uid", "owner", "purpose", "environment", "review_on"],
    describe: ([kind, name, host]) => `what was said of ${kind} ${name}${host === "" ? "" : ` on ${host}`}`,
  },
  ...(["host", "account", "certificate", "thing"] as const).map(tagged),
  {
    table: "acceptance",
    key: ["id"],
    columns: ["id", "rule", "kind", "about", "reason", "until", "accepted_at", "withdrawn_at"],
    describe: ([id]) => `acceptance ${id} of a finding`,
  },
  {
    table: "accepted_member",
    key: ["acceptance", "member"],
    columns: ["acceptance", "member"],
    describe: ([acceptance]) => `what acceptance ${acceptance} covers`,
  },
  {
    table: "enabled_rule",
    key: ["rule"],
    columns: ["rule", "since"],
    describe: ([rule]) => `the rule ${rule}`,
  },
  {
    table: "label_change",
    key: ["id"],
    columns: ["id", "at", "things", "undone_at"],
    describe: ([id]) => `change ${id} of labels`,
  },
  {
    table: "login_acceptance",
    key: ["id"],
    columns: ["id", "observation", "evidence", "weight", "reason", "until", "accepted_at", "withdrawn_at"],
    describe: ([id]) => `acceptance ${id} of a login`,
  },
  {
    table: "trust_item",
    key: ["id"],
    columns: ["id", "sha256", "kind", "label", "source", "der"],
    describe: ([id]) => `trusted root or revocation list ${id}`,
  },
  {
    table: "review",
    key: ["id"],
    columns: [
      "id",
      "name",
      "token",
      "selection",
      "deciders",
      "created_at",
      "due_at",
      "left_out",
      "snapshot",
      "ended_at",
    ],
    describe: ([id]) => `review ${id}`,
  },
  {
    table: "review_answer",
    key: ["id"],
    columns: [
      "id",
      "review",
      "reviewer",
      "source",
      "made_by",
      "fingerprint",
      "at",
      "is_late",
      "digest",
      "body",
      "signature",
    ],
    describe: ([id]) => `answer ${id} of a review`,
  },
];
