import type { Database } from "better-sqlite3";
import type { ChangeKind, ChangeRow } from "#shared/model/access/change.ts";

/** A thing as it was in one revision. Two revisions are compared fact by fact. */
export type Version = {
  title: string;
  location: string;
  facts: Record<string, string>;
  opens: ChangeRow["opens"];
  /** The first scan that read where it is. */
  firstReading: number;
};

type Grant = {
  id: number;
  account: string;
  file: string;
  line: number;
  fingerprint: string | null;
  comment: string;
  options: string;
  text: string;
  firstReading: number;
};
type KeyFile = { path: string; fingerprint: string | null; keyType: string | null; firstReading: number };
type Account = { id: number | null; firstReading: number };
type HostKey = { keyType: string; fingerprint: string; firstReading: number };
type CertificateSight = {
  sha256: string;
  subject: string;
  notAfter: string;
  path: string | null;
  position: number;
  endpoint: string | null;
  firstReading: number;
};
type Row = { kind: ChangeKind; about: number; label: string | null; state: string | null };

const firstReadingOf = (table: string): string =>
  `ifnull((SELECT first_read_scan FROM host WHERE host.id = ${table}.host), 0) AS firstReading`;

const GRANT_FIRST_READING = firstReadingOf("grant_line");
const KEY_FILE_FIRST_READING = firstReadingOf("key_file");
const HOST_KEY_FIRST_READING = firstReadingOf("host_key");

export type VersionReader = ReturnType<typeof versionReader>;

/** Fills revisions with their facts. */
export function versionReader(db: Database): (id: number) => Version {
  const find = db.prepare<[number], Row>("SELECT kind, about, label, state FROM revision WHERE id = ?");
  const grant = db.prepare<[number], Grant>(`
    SELECT id, account, file, line, fingerprint, comment, options, text, ${GRANT_FIRST_READING}
    FROM grant_line WHERE id = ?`);
  const keyFile = db.prepare<[number], KeyFile>(`
    SELECT path, fingerprint, key_type AS keyType, ${KEY_FILE_FIRST_READING} FROM key_file WHERE id = ?`);
  const hostKey = db.prepare<[number], HostKey>(`
    SELECT key_type AS keyType, fingerprint, ${HOST_KEY_FIRST_READING} FROM host_key WHERE id = ?`);
  const account = db.prepare<[string, number], Account>(`
    SELECT (SELECT id FROM account WHERE account.host = host.id AND name = ?) AS id,
      ifnull(first_read_scan, 0) AS firstReading
    FROM host WHERE id = ?`);
  const certificate = db.prepare<[number], CertificateSight>(`
    SELECT sha256, subject, not_after AS notAfter, path, position,
      (SELECT host || ':' || port || iif(server_name = '', '', ' as ' || server_name)
         || iif(protocol = 'tls', '', ' by ' || protocol)
       FROM endpoint WHERE endpoint.id = location.endpoint) AS endpoint,
      ifnull((SELECT first_read_scan FROM host WHERE host.id = location.host),
        min(first_scan, ifnull(
          (SELECT min(gone.first_scan) FROM location AS gone INDEXED BY location_gone_at_endpoint
           WHERE gone.endpoint = location.endpoint AND gone.gone_scan IS NOT NULL), first_scan))) AS firstReading
    FROM location JOIN certificate ON certificate.id = location.certificate
    WHERE location.id = ?`);

  return (id) => {
    const row = find.get(id);
    if (!row) throw new Error(`there is no revision ${id}`);
    const { kind, about, label } = row;
    const state: (string | null)[] = JSON.parse(row.state ?? "[]");
    switch (kind) {
      case "grant":
        return toGrantVersion(known(grant.get(about)), state);
      case "key-file":
        return toKeyFileVersion(known(keyFile.get(about)), state);
      case "host-key":
        return toHostKeyVersion(known(hostKey.get(about)));
      case "account":
        return toAccountVersion(label ?? "", account.get(label ?? "", about), state);
      case "certificate":
        return toSightVersion(known(certificate.get(about)));
      default:
        throw new Error(`there is no kind ${kind satisfies never}`);
    }
  };
}

function known<Found>(found: Found | undefined): Found {
  if (found === undefined) throw new Error("a revision is about nothing");
  return found;
}

function toGrantVersion(
  grant: Grant,
  [effective, dormant, gives, onlyFrom]: readonly (string | readonly string[] | null)[],
): Version {
  const { id, account, file, line, fingerprint, comment, options, text, firstReading } = grant;
  return {
    title: `${account}: ${comment || fingerprint || text}`,
    location: `${file}:${line}`,
    facts: {
      verdict: said(effective),
      "kept out by": said(dormant),
      gives: said(gives),
      "bound to": said(onlyFrom),
      options,
      comment,
      key: fingerprint ?? "",
    },
    opens: { kind: "grant", id },
    firstReading,
  };
}

const said = (value: string | readonly string[] | null | undefined): string =>
  typeof value === "string" ? value : (value?.join(", ") ?? "");

function toKeyFileVersion(
  { path, fingerprint, keyType, firstReading }: KeyFile,
  state: readonly (string | number | null)[],
): Version {
  const [owner, mode, isEncrypted] = state;
  const passphrase = isEncrypted === 1 ? "yes" : isEncrypted === 0 ? "no" : "";
  const facts = {
    key: fingerprint ?? keyType ?? "",
    owner: String(owner ?? ""),
    mode: String(mode ?? ""),
    passphrase,
  };
  return { title: path, location: path, facts, opens: null, firstReading };
}

const toHostKeyVersion = ({ keyType, fingerprint, firstReading }: HostKey): Version => ({
  title: keyType,
  location: "",
  facts: { key: fingerprint },
  opens: null,
  firstReading,
});

function toAccountVersion(
  name: string,
  known: Account | undefined,
  [uid, shell, password]: readonly (string | number | null)[],
): Version {
  const facts = { uid: String(uid ?? ""), shell: String(shell ?? ""), password: String(password ?? "") };
  const { id = null, firstReading = 0 } = known ?? {};
  return {
    title: name,
    location: "",
    facts,
    opens: id === null ? null : { kind: "account", id },
    firstReading,
  };
}

function toSightVersion({
  sha256,
  subject,
  notAfter,
  path,
  position,
  endpoint,
  firstReading,
}: CertificateSight): Version {
  const at = position === 0 ? "" : `, number ${position + 1}`;
  return {
    title: subject,
    location: `${path ?? endpoint ?? ""}${at}`,
    facts: { subject, "not after": notAfter, sha256: sha256 },
    opens: { kind: "certificate", sha256 },
    firstReading,
  };
}

/** `options: none -> no-pty`: the facts that differ, in the order of the second revision. */
export function formatDifference(before: Version, after: Version): string[] {
  return Object.entries(after.facts).flatMap(([name, value]) => {
    const was = before.facts[name] ?? "";
    return was === value ? [] : [`${name}: ${was || "none"} → ${value || "none"}`];
  });
}

/** The known facts of a thing, without a value that its title ends with. */
export const formatFacts = ({ facts, title }: Version): string[] =>
  Object.entries(facts).flatMap(([name, value]) =>
    value === "" || title.endsWith(value) ? [] : [`${name}: ${value}`],
  );
