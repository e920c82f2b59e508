import type { RatedAccount } from "#shared/model/access/account.ts";
import type { KeysReading } from "#shared/model/access/keys-reading.ts";
import type { BaselineSpans, Baselines, LoginDay, ObservedLogin } from "#shared/model/access/login.ts";
import type { Verdict } from "#shared/model/access/verdict.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FileLine, ShownBy } from "#shared/model/certificates/served.ts";
import type { FindingDraft, RuleId } from "#shared/model/finding.ts";
import type { Authorities, Capabilities } from "#shared/model/hosts/endpoint.ts";
import type { KeyFileView, Unreadable } from "#shared/model/hosts/host.ts";
import type { HostPrograms } from "#shared/model/hosts/host-programs.ts";
import type { HostReach } from "#shared/model/hosts/host-reach.ts";
import type { HostLogins } from "#shared/model/hosts/host-use.ts";
import type { HostKeyView, Outcome, Probe, ProbeState, Transport } from "#shared/model/hosts/probe.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { SshTarget, TlsTarget } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";

/** The part of a probe that the scan's own list shows, whatever was probed. */
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
  /** From when on it needs attention, and from when on at once; null where its dates do not show that. */
  warnFrom: Instant | null;
  urgentFrom: Instant | null;
  /** It lives longer than a public authority may allow. This does not say whether a public authority has issued it. */
  isOverLimit: boolean;
  /** Its extensions allow it as a client certificate. */
  isForClients: boolean;
  /** The fingerprint of its key as an SSH key; null where SSH has no keys of that kind. */
  sshFingerprint: string | null;
};

/** A probe of an endpoint. `presented` is null unless it showed a chain: then what is known of it stays as it was. */
export type EndpointProbe = ProbeRecord & {
  target: TlsTarget;
  presented: {
    /** As sent, order and duplicates kept; the leaf first. Null for each certificate that cannot be read. */
    chain: (SeenCertificate | null)[];
    /** The chains for clients that accept only another kind of key; empty where the probe did not try these. */
    others: (SeenCertificate | null)[][];
    /** TLS version, cipher, group, ALPN, ... as words, for the endpoint's own facts. */
    facts: Record<string, string>;
    beside: BesideChain;
    /** Each address of a name that has several; empty where it has one, null where the probe did not try the others. */
    addresses: SeenAddress[] | null;
    findings: FindingDraft[];
  } | null;
};

/** What an endpoint sent beside its chain. */
export type BesideChain = {
  /** An OCSP response, as DER. */
  staple: Uint8Array | null;
  /** The SCT list of the TLS extension, as sent. */
  timestamps: Uint8Array | null;
  /** The authorities whose client certificates it requests; null where it requests none. */
  authorities: Authorities | null;
  /** Its TLS capabilities; null where they were not probed, and what is known of them stays. */
  capabilities: Capabilities | null;
};

/** What one address of an endpoint showed. The chain is empty unless it presented one. */
export type SeenAddress = {
  address: string;
  outcome: Outcome;
  message: string;
  chain: (SeenCertificate | null)[];
};

/** A probe of a host. `collected` is null unless it was read, wholly or in part. */
export type HostProbe = ProbeRecord & {
  target: SshTarget;
  /** The transport of the login; absent where there was none. */
  transport?: Transport;
  /**
   * The login that read it, and when that began; absent where nobody logged in. `reachedAs`: the name or address that
   * ssh_config gives for the host (HostName), as far as that names no other machine. `reachedAddress`: where the
   * connection went, as far as no other machine has that address.
   */
  login?: {
    user: string;
    useSudo: boolean;
    begunAt: Instant;
    reachedAs?: string | null;
    reachedAddress?: string | null;
  };
  /** The host key that was presented by it, or by the jump host on its route; null where no key was presented. */
  hostKey: (HostKeyView & { blob: Uint8Array }) | null;
  /** The jump host that the outcome is about; null: the host itself. */
  jumpHost: Probe["jumpHost"];
  /**
   * The host was not probed: a bundle brought its content, which is some time old. The state that a later probe left
   * stays.
   */
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
  accounts: RatedAccount[];
  /** Findings about accounts of which this reading shows nothing, neither way: they stay as they were. */
  unsettled: { rule: RuleId; account: string }[];
  /**
   * Whether a missing account has gone. On a host with a directory, only one that had a password of the host's own has.
   */
  missingAccounts: "gone" | "gone-if-own" | "may-be-there";
  grants: CollectedGrant[];
  /** Each number that accounts have, once. */
  keysReadings: KeysReading[];
  /** Authorized keys files that were read whole, to the byte. */
  keysFiles: { path: string; realPath: string | null; bytes: Uint8Array }[];
  /** `spkiSha256`: the key as certificates identify it; null where its public key is not known. */
  keyFiles: (Omit<KeyFileView, "id"> & { spkiSha256: string | null })[];
  hostKeys: (HostKeyView & { keyBits: number | null })[];
  certificateFiles: { path: string; certificates: SeenCertificate[] }[];
  /** Certificates that were in use before, and are kept beside the new ones: they count as being nowhere now. */
  replacedCertificates: SeenCertificate[];
  disk: CollectedDisk;
  /** Certificates that a configuration names for when the host is a client itself. */
  clientFiles: { path: string; directive: string; at: FileLine }[];
  /** What this reading of its logs shows of logins; what earlier readings showed stays. */
  use: HostLogins;
  /** Each day with logins, and which of these stand out; null where that was too much to evaluate. */
  logins: {
    days: LoginDay[];
    reading: { spans: Baselines<BaselineSpans>; observed: ObservedLogin[] } | null;
  };
  reach: HostReach;
  /** Null: not read, so that what is known stays. */
  programs: HostPrograms | null;
  /** `isComplete`: everything was read by which sshd trusts authorities, so that one that is missing has gone. */
  authorities: { trusted: TrustedAuthority[]; isComplete: boolean };
  /** `keysOf`: the accounts whose authorized keys are there. */
  coverage: { read: string[]; notRead: (Unreadable & { keysOf?: string[] })[] };
  /** True when the reading was cut short: what is missing from it has not gone. */
  isPartial: boolean;
  /** False: something may run there that was not seen, as anybody. */
  areWorkloadsWhole: boolean;
  /** Files and folders that could not be read: what is known at or below them has not gone either. */
  unreadablePaths: string[];
  /** Where there may be a private key that this reading has not seen: a path, or a directory of accounts. */
  unreadableKeyLocations: string[];
};

/** An account that may accept a certificate which an authority of TrustedUserCAKeys has signed. */
export type TrustedAuthority = {
  account: string;
  fingerprint: string;
  keyType: string;
  comment: string;
  file: string;
  line: number;
  /** The certificate must have one of these; empty where only a command decides. */
  principals: string[];
  effective: Verdict["effective"];
};

/** What the configurations of a host's servers say is served, and what that is evaluated by. */
export type CollectedDisk = {
  /** Null where they could not be found out. */
  addresses: string[] | null;
  /** As JSON, because it is evaluated as a whole; null where no server is known. */
  map: string | null;
  bindings: CollectedBinding[];
};

/** `at`: the line that opens the listener or the virtual host. `address` and `name` null: all of them. */
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
  /** Null or absent where it is not known. */
  shownBy?: ShownBy | null;
};

/** One line of an authorized_keys file for one account, with its verdict. */
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
