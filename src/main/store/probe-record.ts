import type { Verdict } from "#shared/model/access/verdict.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FileLine, ShownBy } from "#shared/model/certificates/served.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { Authorities, Capabilities } from "#shared/model/hosts/endpoint.ts";
import type { AccountView, KeyFileView, Unreadable } from "#shared/model/hosts/host.ts";
import type { HostReach } from "#shared/model/hosts/host-reach.ts";
import type { HostUse } from "#shared/model/hosts/host-use.ts";
import type { HostKeyView, Outcome, Probe, ProbeState, Transport } from "#shared/model/hosts/probe.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { SshTarget, TlsTarget } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";

/** What one probe brought home, whatever it visited: the part that the scan's own list shows. */
type ProbeRecord = {
  scanId: ScanId;
  at: Instant;
  tookMs: number;
  state: ProbeState;
  outcome: Outcome;
  message: string;
};

export type SeenCertificate = {
  certificate: Certificate;
  der: Uint8Array;
  /** From when on it needs attention, and attention at once; null where its dates do not tell. */
  warnFrom: Instant | null;
  urgentFrom: Instant | null;
  /** It lives longer than a public authority may let it; and whether one has issued it is not said. */
  isOverLimit: boolean;
  /** It says that clients may use it as a client certificate. */
  isForClients: boolean;
  /** The fingerprint of its key as a key of SSH; null where SSH has no such keys. */
  sshFingerprint: string | null;
};

/** A visit to an endpoint. `presented` is null unless it showed a chain: then what is known of it stays as it was. */
export type EndpointProbe = ProbeRecord & {
  target: TlsTarget;
  presented: {
    /** As sent, order and duplicates kept; the leaf first. Null in the place of one that cannot be read. */
    chain: (SeenCertificate | null)[];
    /** Those that clients get which take another kind of key alone; only where they were asked for. */
    others: (SeenCertificate | null)[][];
    /** TLS version, cipher, group, ALPN, ... as words, for the endpoint's own facts. */
    facts: Record<string, string>;
    beside: BesideChain;
    /** Each address of a name, where it has several; empty where it has one, null where no others were looked for. */
    addresses: SeenAddress[] | null;
    findings: FindingDraft[];
  } | null;
};

/** What an endpoint sent beside its chain. */
export type BesideChain = {
  /** An answer of OCSP, as DER. */
  staple: Uint8Array | null;
  /** A list of certificate timestamps, as the handshake carried it. */
  timestamps: Uint8Array | null;
  /** Whose certificates it asks clients for; null where it asks for none. */
  authorities: Authorities | null;
  /** What it takes; null where it was not asked, and what is known of it stays. */
  capabilities: Capabilities | null;
};

/** What one address of an endpoint showed. The chain is empty unless it presented one. */
export type SeenAddress = {
  address: string;
  outcome: Outcome;
  message: string;
  chain: (SeenCertificate | null)[];
};

/** A visit to a host. `collected` is null unless it was read, wholly or in part. */
export type HostProbe = ProbeRecord & {
  target: SshTarget;
  /** What carried the login; absent where there was none. */
  transport?: Transport;
  /** By whose login it was read, and when that began; absent where nobody logged in. */
  login?: { user: string; useSudo: boolean; begunAt: Instant };
  /** The host key that it presented, or the jump host on its way; null when it never came to that. */
  hostKey: (HostKeyView & { blob: Uint8Array }) | null;
  /** The jump host that the outcome is about; null: the host itself. */
  jumpHost: Probe["jumpHost"];
  /** It was not visited: what it holds came by hand, from some time ago. What a later visit met stays its state then. */
  isOffline?: boolean;
  /** True when the outcome is about that key (unknown or changed). */
  isKeyRefused: boolean;
  collected: CollectedHost | null;
  /** Findings about the host itself, its grants and its key files. */
  findings: FindingDraft[];
};

export type CollectedHost = {
  hostname: string | null;
  os: string | null;
  kernel: string | null;
  arch: string | null;
  sshdVersion: string | null;
  clockAheadSeconds: number | null;
  /** "root", "root by sudo" or the name of the account. */
  readAs: string;
  accounts: Omit<AccountView, "grantCount" | "becomes" | "agents">[];
  /** Whether one that is missing has gone: of a host with a directory only those that had a password of the host's own. */
  missingAccounts: "gone" | "gone-if-own" | "may-be-there";
  grants: CollectedGrant[];
  /** Authorized keys files that were read whole, to the byte. */
  keysFiles: { path: string; realPath: string | null; bytes: Uint8Array }[];
  /** `spkiSha256`: the key as certificates know it; null where its public half is not known. */
  keyFiles: (Omit<KeyFileView, "id"> & { spkiSha256: string | null })[];
  hostKeys: (HostKeyView & { keyBits: number | null })[];
  certificateFiles: { path: string; certificates: SeenCertificate[] }[];
  /** What was in use before, and is kept beside it: it is nowhere now. */
  replacedCertificates: SeenCertificate[];
  disk: CollectedDisk;
  /** Certificates that a configuration names for when the host is a client itself. */
  clientFiles: { path: string; directive: string; at: FileLine }[];
  /** What this reading of its logs tells of logins by key; what is known from others stays beside it. */
  use: HostUse;
  reach: HostReach;
  /** `isComplete`: all was read by which sshd trusts authorities, so that one that is missing has gone. */
  authorities: { trusted: TrustedAuthority[]; isComplete: boolean };
  /** `keysOf`: whose authorized keys lie there. */
  coverage: { read: string[]; notRead: (Unreadable & { keysOf?: string[] })[] };
  /** True when the reading was cut short: what is missing from it has not gone. */
  isPartial: boolean;
  /** Files and folders that could not be read: what is known at or below them has not gone either. */
  unreadablePaths: string[];
  /** Where a private key may lie that this reading has not seen: a path, or a directory of accounts. */
  unreadableKeyLocations: string[];
};

/** An account that a certificate may open which an authority of TrustedUserCAKeys has signed. */
export type TrustedAuthority = {
  account: string;
  fingerprint: string;
  keyType: string;
  comment: string;
  file: string;
  line: number;
  /** Of which the certificate must have one; empty where only a command tells them. */
  principals: string[];
  effective: Verdict["effective"];
};

/** What the configurations of a host's servers say is served, and what that is judged by. */
export type CollectedDisk = {
  /** Null: they could not be told. */
  addresses: string[] | null;
  /** As JSON, for it is read as a whole by whoever judges; null where no server is known. */
  map: string | null;
  bindings: CollectedBinding[];
};

/** `at`: the line that opens the listener or the virtual host. `address` and `name` null: every one. */
export type CollectedBinding = {
  server: string;
  root: string;
  address: string | null;
  port: number;
  name: string | null;
  isDefault: boolean;
  protocol: string;
  at: FileLine;
  certificate: { path: string; directive: string; at: FileLine } | null;
  realPath: string | null;
  key: { path: string } | null;
  unsure: string | null;
  /** Null, or not there: it is not known. */
  shownBy?: ShownBy | null;
};

/** One line of an authorized_keys file for one account, judged. */
export type CollectedGrant = {
  account: string;
  uid: number;
  file: string;
  line: number;
  keyType: string | null;
  keyBits: number | null;
  fingerprint: string | null;
  comment: string;
  options: string;
  text: string;
  verdict: Verdict;
};
