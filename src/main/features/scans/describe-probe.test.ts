import { expect, test } from "vitest";
import { evaluateAuthorities } from "#domain/ssh/authorities.ts";
import { makeAccount, makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { HostProbe } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { beginScan, START } from "#store/testing/make-visit.ts";
import { NONCE as HEAVY_NONCE } from "#testing/attacks/heavy-records.ts";
import { manyAccounts } from "#testing/attacks/heavy-streams.ts";
import { growthOf, MOST_GROWTH } from "#testing/growth.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { isAuthority, signCertificate } from "#testing/tls/sign-certificate.ts";
import { describeAuthorities, toSeen } from "./describe-parts.ts";
import { createReader, evaluateSentChain } from "./describe-probe.ts";
import type { StreamResult } from "./recording/messages.ts";

const NONCE = "0123456789abcdef0123456789abcdef";
const BEGIN = `--nonce '${NONCE.slice(0, 16)}''${NONCE.slice(16)}'`;
const TARGET = { kind: "ssh" as const, host: "web1", port: 22, user: "root" };

function readStream(
  stream: string,
  more: Partial<StreamResult> = {},
  store = openStore({ path: ":memory:", access: "write" }),
): HostProbe {
  const visit = createReader(store)({
    kind: "stream",
    nonce: NONCE,
    lost: null,
    identity: { scanId: ScanId.parse(1), target: TARGET, at: START, tookMs: 1 },
    reading: {
      state: "ok",
      outcome: "collected",
      message: "",
      ending: null,
      stream: Buffer.from(stream, "latin1"),
      hostKey: { keyType: "ssh-ed25519", fingerprint: "SHA256:x", blob: new Uint8Array([1]) },
    },
    ...more,
  });
  if ("presented" in visit) throw new Error("a host is no endpoint");
  return visit;
}

/** The first authorized keys file of that host, with other bytes in it. */
const withKeys = (text: string) => (records: string) =>
  records.replace(/^authorized-keys \d+ b64 ([^\n]*)\n(?:[A-Za-z0-9+/=]+\n)+/m, (_, attributes: string) => {
    const lines =
      Buffer.from(text)
        .toString("base64")
        .match(/.{1,76}/g)
        ?.map((line) => `${line}\n`) ?? [];
    const payload = lines.join("");
    return `authorized-keys ${payload.length} b64 ${attributes}\n${payload}`;
  });

test("a host that was read whole is that, and its lines are judged", () => {
  const visit = readStream(answerScript(BEGIN));
  expect(visit).toMatchObject({ state: "ok", outcome: "collected", message: "" });
  expect(visit.collected?.grants.length).toBeGreaterThan(0);
});

test("the risk of each account is what its lines, its password and its private keys show, and unknown where these were not read", () => {
  const { accounts = [], grants = [] } = readStream(answerScript(BEGIN)).collected ?? {};
  expect(accounts.length).toBeGreaterThan(1);
  for (const { name, passwordState, risk } of accounts) {
    const open = grants.filter(
      ({ account, verdict }) => account === name && verdict.effective.state !== "no",
    );
    const count = new Set(open.map(({ fingerprint }) => fingerprint)).size;
    const keys = risk.reasons.entry.filter(({ what }) => what === "keys");
    expect(keys, name).toEqual(count === 0 ? [] : [{ what: "keys", count }]);
    expect(risk.reasons.exposure.some(({ what }) => what === "password")).toBe(passwordState !== "locked");
    expect(risk.arePrivateKeysRead).toBe(true);
  }
  expect(accounts.some(({ risk }) => risk.entry.level !== "none")).toBe(true);

  const hide = (records: string) =>
    records.replace(
      /^key-file 0 - path:(\/home\/alice\/\S+) [^\n]*$/m,
      (_, path: string) => `unread 0 - kind:key-file path:${path} why:not-permitted`,
    );
  const hidden = readStream(answerScript(BEGIN, hide)).collected?.accounts ?? [];
  expect(hidden.flatMap(({ name, risk }) => (risk.arePrivateKeysRead ? [] : [name]))).toEqual(["alice"]);
});

test("a file of keys that a limit has cut makes the host partial, and is named", () => {
  const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA${"0".repeat(42)} ann@desk\n`;
  const visit = readStream(answerScript(BEGIN, withKeys(key.repeat(13_000))));
  expect(visit).toMatchObject({
    state: "partial",
    outcome: "truncated",
    message: expect.stringMatching(/^\/\S+\/authorized_keys: only its first MiB was read$/),
    collected: { isPartial: true },
  });
  expect(visit.collected?.grants.length).toBeGreaterThan(10_000);
});

test("where a private key may lie unseen is told: in a home, and in the homes of accounts that a directory keeps", () => {
  const unread = ["key-file path:/home/ann/.ssh why:not-listed", "accounts path:sss why:directory-service"];
  const lines = [
    ...unread,
    "log path:journal why:not-permitted",
    "server-config path:/etc/nginx why:rights-missing",
  ];
  const told = lines.map((line) => `unread 0 - kind:${line}\n`).join("");
  const { collected } = readStream(answerScript(BEGIN, (records) => `${records}${told}`));
  expect(collected?.unreadableKeyLocations).toEqual(["/home/ann/.ssh", "sss"]);
});

test("a stream that is cut where the jump host before it has ended is told as that", () => {
  const whole = answerScript(BEGIN);
  const lost = { jumpHost: { host: "jump", port: 22 }, message: "the jump host is gone" };
  expect(readStream(whole.slice(0, whole.lastIndexOf("end ")), { lost })).toMatchObject({
    state: "partial",
    outcome: "jump-failed",
    message: "the jump host is gone",
    jumpHost: { host: "jump" },
  });
  expect(readStream(whole, { lost })).toMatchObject({ state: "ok", jumpHost: null });
});

test("a stream of another visit is none", () => {
  expect(readStream(answerScript("--nonce '0''1'"))).toMatchObject({
    state: "failed",
    outcome: "restricted-shell",
    collected: null,
  });
});

const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
const { der } = signCertificate({ subject: "leaf", issuer: middle });

test("whoever has signed the last certificate of a chain is looked for again when others are known", () => {
  const certificate = readCertificate(der);
  if (!certificate) throw new Error("it cannot be read");
  const target: TlsTarget = { kind: "tls", host: "a", port: 443, serverName: null, protocol: "tls" };
  const leaf = toSeen(certificate, der);
  const rules = (...known: Uint8Array[]) =>
    evaluateSentChain(target, [leaf], { named: () => known }).map(({ rule }) => rule);
  const namesake = signCertificate({ subject: "middle", extensions: [isAuthority()] });
  expect(rules(namesake.der)).toEqual([]);
  expect(rules(middle.der)).toEqual(["chain-incomplete"]);
  expect(rules(Uint8Array.from(middle.der))).toEqual(["chain-incomplete"]);
  expect(rules(namesake.der)).toEqual([]);
});

const CONFIG = "TrustedUserCAKeys /etc/ssh/ca.pub\nDenyUsers carol\n";
const accounts = ["alice", "carol"].map((name) => makeAccount(name));

/** A host with these settings, and the file that they name; null: it could not be read. */
function tell(config: string, authorities: string | null) {
  const path = "/etc/ssh/ca.pub";
  const entry = { mode: 0o755, uid: 0, gid: 0, hasAcl: false };
  const walk = [
    { ...entry, path, type: "file" as const, mode: 0o644 },
    { ...entry, path: "/etc/ssh", type: "folder" as const },
    { ...entry, path: "/", type: "folder" as const },
  ];
  const bytes = authorities === null ? null : Buffer.from(authorities);
  const whyUnreadable = authorities === null ? "permission denied" : null;
  const file = { path, bytes, whyUnreadable, realPath: path, walk, through: [], isAbsent: false };
  const collection = makeCollection({ accounts, config, sshdFiles: new Map([[path, file]]) });
  return describeAuthorities(collection, evaluateAuthorities(collection));
}

test("of an authority the accounts are kept that its certificates open, and not those that sshd refuses", () => {
  const { trusted, isComplete } = tell(CONFIG, `# ours\n${SAMPLE_KEYS.ed25519} the CA\n`);
  expect(isComplete).toBe(true);
  expect(trusted).toMatchObject([
    {
      account: "alice",
      keyType: "ssh-ed25519",
      comment: "the CA",
      file: "/etc/ssh/ca.pub",
      line: 2,
      principals: ["alice"],
      effective: { state: "yes" },
    },
  ]);
});

test("where the file of authorities could not be read, it is not told that there is none", () => {
  expect(tell(CONFIG, null)).toEqual({ trusted: [], isComplete: false });
  expect(tell("PermitRootLogin no\n", null)).toEqual({ trusted: [], isComplete: true });
});

test("a host of very many accounts costs as much as it has accounts: read, evaluated, and kept over what was known", () => {
  const record = (store: Store, stream: string): HostProbe => {
    const identity = { scanId: beginScan(store), target: TARGET, at: START, tookMs: 1 };
    const probe = readStream(stream, { nonce: HEAVY_NONCE, identity }, store);
    store.atomically(() => store.hosts.recordProbe(probe));
    return probe;
  };
  const make = (size: number) => {
    const store = openStore({ path: ":memory:", access: "write" });
    const stream = manyAccounts(size).toString("latin1");
    expect(record(store, stream)).toMatchObject({ state: "ok", message: "" });
    return { store, stream };
  };
  const work = ({ store, stream }: ReturnType<typeof make>) => record(store, stream);
  expect(growthOf({ make, work, size: 500 })).toBeLessThan(MOST_GROWTH);
});
