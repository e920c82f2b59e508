import { expect, test } from "vitest";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { evaluateUses } from "#domain/use/evaluate-use.ts";
import { findLogins } from "#domain/use/find-logins.ts";
import { daysFrom, makeLog } from "#domain/use/testdata/make-log.ts";
import type { Use } from "#shared/model/access/verdict.ts";

/*
 * What any user of a host can get written into its auth.log (forge-login.py), by a syslog daemon that keeps the time
 * which its client sends: lines of any day, with any key. The host is read on 1 June 2026.
 */
const AT = new Date("2026-06-01T00:00:00Z");
const NOW = AT.getTime() / 1_000;
const key = readKeyBlob(Buffer.from(SAMPLE_KEYS.ed25519.split(" ")[1] ?? "", "base64"));
if (!key) throw new Error("the sample key is one");

const by = (fingerprint: string) =>
  `Accepted publickey for deploy from 10.1.2.3 port 0 ssh2: ED25519 ${fingerprint}`;
const fingerprintOf = (number: number) => `SHA256:${String(number).padStart(43, "a")}`;
const DAYS = daysFrom("2026-01-01", "2026-05-31");

type Logs = Parameters<typeof findLogins>[0]["logs"];

function judge(logs: Logs): { use: Use; windows: { source: string; to: string }[] } {
  const { logins, windows, ...evidence } = findLogins(makeCollection({ logs }), AT);
  const judged = evaluateUses({ known: { logins, windows }, evidence, lastLogins: [], now: NOW });
  const standsSince = () => "2026-01-01T00:00:00Z";
  const grant = { account: "deploy", key, isAuthority: false, lineCount: 1, standsSince };
  return { use: judged(grant), windows };
}

test("what plain files alone show is reported as that, be it a use or that there was none", () => {
  const named = {
    state: "used",
    evidence: "file",
    reasons: [expect.anything(), expect.stringContaining("any user")],
  };
  const auth = (logins: Parameters<typeof makeLog>[2]) => [makeLog("/var/log/auth.log", DAYS, logins)];
  expect(judge(auth({ logins: [[by(key.fingerprint), ["2026-05-30"]]] })).use).toMatchObject(named);
  expect(judge(auth({})).use).toMatchObject({ ...named, state: "unused" });
});

test("a line in a plain file makes no use the journal's, and none that the journal knows a plain file's", () => {
  const journal = (...days: string[]) =>
    makeLog("journal", DAYS, {
      logins: days.length > 0 ? [[by(key.fingerprint), days]] : [],
      journal: { boots: [[NOW - 150 * 86_400, NOW]], newest: "2026-05-31T12:00:00+00:00", drops: [] },
    });
  const forged = makeLog("/var/log/auth.log", DAYS, { logins: [[by(key.fingerprint), ["2026-05-31"]]] });
  expect(judge([journal(), forged]).use).toMatchObject({ state: "used", evidence: "file" });
  expect(judge([journal("2026-05-01"), forged]).use).toMatchObject({ state: "used", evidence: "journal" });
  expect(judge([journal()]).use).toMatchObject({ state: "unused", evidence: "journal" });
  const other = makeLog("/var/log/auth.log", DAYS, { logins: [[by(fingerprintOf(1)), ["2026-05-31"]]] });
  expect(judge([journal(), other]).use).toMatchObject({ state: "unused", evidence: "journal" });
});

test("a line of the year 2100 makes no log reach past the moment in which it was read, and no use last longer", () => {
  const days = [...DAYS, "2100-01-01"];
  const { use, windows } = judge([
    makeLog("/var/log/auth.log", days, { logins: [[by(key.fingerprint), ["2100-01-01"]]] }),
  ]);
  expect(use).toMatchObject({ state: "used", at: "2026-06-01T00:00:00Z", evidence: "file" });
  for (const { to } of windows) expect(to <= "2026-06-01T00:00:00Z").toBe(true);
});

test("logins of thousands of keys that there are not hide none: then no plain file is known to be silent", () => {
  const logs = ["/var/log/auth.log", "/var/log/secure"].map((path, index) =>
    makeLog(path, DAYS, {
      logins: Array.from({ length: 1_900 }, (_, number) => [
        by(fingerprintOf(index * 10_000 + number)),
        ["2026-05-31"],
      ]),
    }),
  );
  const own = makeLog("/var/log/auth.log.1", daysFrom("2025-12-01", "2025-12-31"), {
    logins: [[by(key.fingerprint), ["2025-12-30"]]],
  });
  expect(judge([...logs, own])).toMatchObject({
    use: { state: "unknown", evidence: null, coverage: { notRead: [expect.stringContaining("2000 keys")] } },
    windows: [],
  });
});
