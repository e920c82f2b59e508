import { createHash } from "node:crypto";
import type { RatedAccount } from "#shared/model/access/account.ts";
import type { Baselines, DaySpan, LoginDay, ObservedLogin } from "#shared/model/access/login.ts";
import type { PasswordAge } from "#shared/model/access/password-age.ts";
import { NO_RISK } from "#shared/model/access/risk.ts";
import type { Verdict } from "#shared/model/access/verdict.ts";
import { type Certificate, Sha256 } from "#shared/model/certificates/certificate.ts";
import type { SetuidProgram } from "#shared/model/hosts/host-programs.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";
import type {
  CollectedGrant,
  CollectedHost,
  EndpointProbe,
  HostProbe,
  SeenCertificate,
} from "#store/probe-record.ts";
import type { Store } from "#store/store.ts";

/** Made-up probes, for tests and benchmarks: each states only what its test is about. */

export const START: Instant = "2026-06-01T00:00:00Z";

const hash = (text: string): Buffer => createHash("sha256").update(text).digest();

export function makeCertificate(
  name: string,
  request: Partial<Certificate & SeenCertificate> = {},
): SeenCertificate {
  const { warnFrom = null, urgentFrom = null, isOverLimit = false, isForClients = false, ...rest } = request;
  const { sshFingerprint = null, ...facts } = rest;
  const certificate: Certificate = {
    sha256: Sha256.parse(hash(name).toString("hex")),
    subject: `CN=${name}`,
    issuer: "CN=An Issuer",
    commonName: name,
    serial: "01",
    notBefore: "2026-01-01T00:00:00Z",
    notAfter: "2027-01-01T00:00:00Z",
    names: [`DNS:${name}`],
    keyType: "EC",
    keyBits: 256,
    curve: "P-256",
    spkiSha256: "",
    signature: "ecdsa-with-SHA256",
    isCa: false,
    isSelfIssued: false,
    extensions: [],
    malformed: [],
    sizeBytes: 1,
    ...facts,
  };
  const judged = { warnFrom, urgentFrom, isOverLimit, isForClients, sshFingerprint };
  return { certificate, der: new Uint8Array([1]), ...judged };
}

export const makeVerdict = (state: Verdict["effective"]["state"] = "yes"): Verdict => {
  const coverage = { read: [], notRead: [] };
  return {
    effective: { state, reasons: [], coverage, onlyFrom: [], gives: [], dormant: null },
    owner: { state: "unknown", who: null, isMatched: false, managedBy: null, reasons: [], coverage },
    use: { state: "unknown", at: null, from: null, count: 0, evidence: null, reasons: [], coverage },
  };
};

/** A line for a key, with the key's name as its comment. */
export function makeGrant(key: string, grant: Partial<CollectedGrant> = {}): CollectedGrant {
  return {
    account: "root",
    uid: 0,
    file: "/root/.ssh/authorized_keys",
    line: 1,
    keyType: "ssh-ed25519",
    keyBits: 256,
    fingerprint: fingerprintOf(key),
    comment: key,
    options: "",
    text: `ssh-ed25519 ${key}`,
    verdict: makeVerdict(),
    ...grant,
  };
}

/** A login of which nothing but this is known. */
export const makeAccount = (name: string, more: Partial<RatedAccount> = {}): RatedAccount => ({
  name,
  uid: 1_000,
  shell: "/bin/sh",
  home: `/home/${name}`,
  groups: [],
  passwordState: "set",
  passwordAge: null,
  kind: "unknown",
  reasons: [],
  root: "no",
  isEscalationShown: false,
  workloads: [],
  workloadCount: 0,
  grantCount: 0,
  lastLoginAt: null,
  risk: {
    entry: NO_RISK,
    exposure: NO_RISK,
    age: NO_RISK,
    arePrivateKeysRead: true,
    reasons: { entry: [], exposure: [], age: [] },
  },
  disabled: [],
  ...more,
});

/** One login to each account by key, on the day that begins, which is new to the host. */
export function makeLogins(
  accounts: readonly string[],
  more: Partial<LoginDay & ObservedLogin> = {},
): CollectedHost["logins"] {
  const days = accounts.map((account) => makeLoginDay(account, more));
  const observed = days.map(
    ({ account, method, by, from, firstAt, lastAt }): ObservedLogin => ({
      account,
      uid: 1_000,
      subject: "192.0.2.0/24",
      method,
      by,
      from,
      firstAt,
      lastAt,
      evidence: "journal",
      severity: "medium",
      facts: {
        rule: "login-new-source",
        network: "192.0.2.0/24",
        isBaselinePartial: false,
        isNetworkUsual: false,
        isUsualOnHost: false,
      },
      lines: [`Jun  1 00:00:00 web1 sshd[7]: Accepted publickey for ${account} from ${from} port 50022 ssh2`],
      ...more,
    }),
  );
  return { days, reading: { spans: makeSpans(), observed } };
}

/** Of a host: none where nothing is given. */
export function makeSpans(
  spans: Partial<Baselines<DaySpan | null>> = {},
): NonNullable<CollectedHost["logins"]["reading"]>["spans"] {
  const { journal = null, all = null } = spans;
  return { journal: { host: journal, own: new Map() }, all: { host: all, own: new Map() } };
}

export const makeLoginDay = (account: string, more: Partial<LoginDay> = {}): LoginDay => ({
  account,
  method: "publickey",
  by: fingerprintOf(account),
  from: "192.0.2.7",
  day: 20_605,
  count: 1,
  inJournal: 1,
  hours: 1,
  hoursInJournal: 1,
  firstAt: START,
  lastAt: START,
  ...more,
});

/** A setuid program of root's that everybody may start. */
export const makeSetuid = (path: string, more: Partial<SetuidProgram> = {}): SetuidProgram => ({
  path,
  owner: "root",
  group: "root",
  isSetuid: true,
  isSetgid: false,
  startableBy: "everybody",
  writableBy: "owner",
  hasAcl: false,
  ...more,
});

/** Of a password that never expires. */
export const makePasswordAge = (more: Partial<PasswordAge>): PasswordAge => ({
  changedAt: null,
  mustChange: false,
  leastDays: 0,
  mostDays: 99_999,
  warningDays: 7,
  graceDays: null,
  tooOldAt: null,
  refusedAt: null,
  accountExpiresAt: null,
  ...more,
});

/** A private key file with a key, named like it. */
export const makeKeyFile = (key: string): CollectedHost["keyFiles"][number] => ({
  path: `/root/.ssh/${key}`,
  owner: "root",
  mode: "0600",
  format: "openssh",
  keyType: "ssh-ed25519",
  keyBits: 256,
  fingerprint: fingerprintOf(key),
  isEncrypted: null,
  lock: null,
  likelyFingerprint: null,
  possession: { kind: "verified" },
  spkiSha256: null,
});

/** A name that a host's configuration serves on port 443, from a file of that name. */
export const makeServing = (
  name: string,
  more: Partial<CollectedHost["disk"]["bindings"][number]> = {},
): CollectedHost["disk"]["bindings"][number] => ({
  server: "nginx",
  root: "/etc/nginx/nginx.conf",
  address: null,
  port: 443,
  name,
  isDefault: false,
  protocol: "tls",
  realPath: null,
  unsure: null,
  at: { file: "/etc/nginx/nginx.conf", line: 1 },
  certificate: {
    path: `/etc/ssl/${name}.pem`,
    directive: "ssl_certificate",
    at: { file: "/etc/nginx/nginx.conf", line: 2 },
  },
  key: { path: `/etc/ssl/${name}.key` },
  ...more,
});

export const fingerprintOf = (key: string): string => `SHA256:${hash(key).toString("base64").slice(0, 43)}`;

const makeCollected = (collected: Partial<CollectedHost> = {}): CollectedHost => ({
  hostname: null,
  os: "Debian GNU/Linux 13",
  kernel: null,
  arch: null,
  sshdVersion: null,
  clockAheadSeconds: null,
  readAs: "root",
  accounts: [],
  unsettled: [],
  missingAccounts: "gone",
  grants: [],
  keysReadings: [...new Set(collected.accounts?.map(({ uid }) => uid))].map((uid) => ({ uid, gap: null })),
  keysFiles: [],
  keyFiles: [],
  hostKeys: [],
  certificateFiles: [],
  replacedCertificates: [],
  disk: { addresses: null, map: null, bindings: [] },
  clientFiles: [],
  reach: { escalations: [], areRulesRead: true, agents: [], outbound: [], unreadablePaths: [] },
  programs: null,
  areWorkloadsWhole: true,
  authorities: { trusted: [], isComplete: true },
  use: { logins: [], others: [], windows: [] },
  logins: { days: [], reading: null },
  coverage: { read: [], notRead: [] },
  isPartial: false,
  unreadablePaths: [],
  unreadableKeyLocations: [],
  ...collected,
});

export const beginScan = (store: Store, at: Instant = START): ScanId =>
  store.scans.begin({ requested: [{ target: ASKED, useSudo: false }], at });

const ASKED: TlsTarget = { kind: "tls", host: "asked.example", port: 443, serverName: null, protocol: "tls" };

const NOTHING_SHOWN = {
  chain: [],
  others: [],
  facts: {},
  findings: [],
  addresses: null,
  beside: { staple: null, timestamps: null, authorities: null, capabilities: null },
};

type EndpointPart = Partial<Omit<EndpointProbe, "target" | "presented">> & {
  presented?: Partial<NonNullable<EndpointProbe["presented"]>> | null;
  /** 443, where it is left out. */
  port?: number;
};

/** A probe of an endpoint, which presents the chain; without one it is refused. */
export function visitEndpoint(
  store: Store,
  name: string,
  { presented = null, port = 443, ...visit }: EndpointPart = {},
): void {
  const scanId = visit.scanId ?? beginScan(store, visit.at);
  store.atomically(() =>
    store.endpoints.recordProbe({
      scanId,
      at: START,
      tookMs: 1,
      state: presented ? "ok" : "failed",
      outcome: presented ? "presented" : "refused",
      message: "",
      ...visit,
      target: { kind: "tls", host: name, port, serverName: null, protocol: "tls" },
      presented: presented && { ...NOTHING_SHOWN, ...presented },
    }),
  );
}

type HostPart = Partial<Omit<HostProbe, "target" | "collected">> & {
  collected?: Partial<CollectedHost> | null;
};

/** A probe of `name:22` as root, which reads it; with `collected: null` it is refused. */
export function visitHost(store: Store, name: string, { collected = {}, ...visit }: HostPart = {}): void {
  const scanId = visit.scanId ?? beginScan(store, visit.at);
  store.atomically(() =>
    store.hosts.recordProbe({
      scanId,
      at: START,
      tookMs: 1,
      state: collected ? "ok" : "failed",
      outcome: collected ? "collected" : "refused",
      message: "",
      hostKey: null,
      isKeyRefused: false,
      jumpHost: null,
      findings: [],
      ...visit,
      target: { kind: "ssh", host: name, port: 22, user: "root" },
      collected: collected && makeCollected(collected),
    }),
  );
}
