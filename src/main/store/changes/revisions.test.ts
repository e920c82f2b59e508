import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import {
  beginScan,
  fingerprintOf,
  makeAccount,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  makeVerdict,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const STANDING = `
  SELECT 'grant' AS kind, id AS about, NULL AS label FROM grant_line WHERE gone_scan IS NULL
  UNION ALL SELECT 'key-file', id, NULL FROM key_file WHERE gone_scan IS NULL
  UNION ALL SELECT 'host-key', id, NULL FROM host_key WHERE gone_scan IS NULL
  UNION ALL SELECT 'certificate', id, NULL FROM location WHERE gone_scan IS NULL
  UNION ALL SELECT 'account', host, name FROM account WHERE gone_scan IS NULL
  ORDER BY 1, 2, 3`;

const EVER = STANDING.replaceAll(" WHERE gone_scan IS NULL", "");

test("after any scans each thing that stands has one revision that goes on, and each that has gone had one", async () => {
  await using folder = await makeTemporaryFolder();
  for (let seed = 1; seed <= 2; seed++) {
    const path = join(folder.path, `${seed}.db`);
    const store = openStore({ path, access: "write" });
    scanAtRandom(store, randomFrom(seed));
    store.close();
    const db = new Sqlite(path, { readonly: true });
    const read = (sql: string) => db.prepare(sql).all();
    const open = "SELECT kind, about, label FROM revision WHERE gone_scan IS NULL ORDER BY 1, 2, 3";
    expect({ seed, rows: read(open) }).toEqual({ seed, rows: read(STANDING) });
    expect(read("SELECT DISTINCT kind, about, label FROM revision ORDER BY 1, 2, 3")).toEqual(read(EVER));
    expect(read("SELECT id FROM revision WHERE gone_scan < first_scan")).toEqual([]);
    expect(
      read(
        "SELECT ifnull(origin, id) AS thing FROM revision WHERE gone_scan IS NULL GROUP BY 1 HAVING count(*) > 1",
      ),
    ).toEqual([]);
    db.close();
  }
});

type Random = { upTo(most: number): number; oneOf<T>(...things: [T, ...T[]]): T };

function randomFrom(seed: number): Random {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  const upTo = (most: number): number => {
    for (const shift of [13, -17, 5]) state = (state ^ (shift > 0 ? state << shift : state >>> -shift)) >>> 0;
    return state % most;
  };
  return { upTo, oneOf: (...things) => things[upTo(things.length)] ?? things[0] };
}

/** Two hosts and two endpoints, whose accounts, lines, files, keys and chains come, go and change. */
function scanAtRandom(store: Store, random: Random): void {
  for (let round = 0; round < 20; round++) {
    const scanId = beginScan(store, `2026-06-01T00:${String(round).padStart(2, "0")}:00Z`);
    const host = random.oneOf("web1", "web2");
    visitHost(store, host, { scanId, collected: random.upTo(10) === 0 ? null : readAtRandom(random) });
    const chain = Array.from({ length: 1 + random.upTo(3) }, () =>
      makeCertificate(random.oneOf("a", "b", "c")),
    );
    visitEndpoint(store, random.oneOf("shop", "mail"), {
      scanId,
      presented: random.upTo(6) === 0 ? null : { chain },
    });
  }
}

function readAtRandom({ upTo, oneOf }: Random) {
  const some = <T>(...things: T[]): T[] => things.filter(() => upTo(4) > 0);
  return {
    accounts: some("root", "jo", "sue").map((name) =>
      makeAccount(name, {
        uid: oneOf(0, 1000),
        shell: oneOf("/bin/sh", "/bin/bash"),
        passwordState: oneOf<"set" | "locked" | "unknown">("set", "locked", "unknown"),
      }),
    ),
    missingAccounts: oneOf<"gone" | "gone-if-own">("gone", "gone-if-own"),
    grants: Array.from({ length: upTo(6) }, (_, index) => {
      const key = oneOf("laptop", "backup", "deploy");
      return makeGrant(key, {
        line: index + 1 + upTo(2),
        text: `ssh-ed25519 ${key} ${oneOf("", "changed")}`,
        verdict: makeVerdict(oneOf("yes", "no", "unknown")),
      });
    }),
    keyFiles: some("id", "old").map((name) => ({
      ...makeKeyFile(name),
      fingerprint: oneOf(fingerprintOf("laptop"), fingerprintOf("backup"), null),
      mode: oneOf("0600", "0644"),
      isEncrypted: oneOf(null, true, false),
    })),
    hostKeys: some("ssh-ed25519", "ssh-rsa").map((keyType) => ({
      keyType,
      keyBits: 256,
      fingerprint: fingerprintOf(`${keyType} ${upTo(3)}`),
    })),
    certificateFiles: some("/etc/a.pem", "/etc/b.pem").map((path) => ({
      path,
      certificates: [makeCertificate(oneOf("a", "b", "c"))],
    })),
    isPartial: upTo(8) === 0,
    unreadablePaths: upTo(6) === 0 ? ["/root/.ssh"] : [],
  };
}
