import { z } from "zod";
import { RuleId, Severity } from "./finding.ts";

/**
 * A standard that all findings are read through: the OWASP Non-Human Identities Top 10 of 2025, or NIST IR 7966 of 2015
 * on access by SSH.
 */
export const Lens = z.enum(["owasp-nhi", "nist-ir-7966"]);
export type Lens = z.infer<typeof Lens>;

/** The ten risks, as OWASP numbers them. */
const NhiItem = z.enum(["NHI1", "NHI2", "NHI3", "NHI4", "NHI5", "NHI6", "NHI7", "NHI8", "NHI9", "NHI10"]);
type NhiItem = z.infer<typeof NhiItem>;

/** The kinds of vulnerabilities of access by SSH that the report distinguishes. The words are ours (0080). */
const SshItem = z.enum([
  "ssh-implementation",
  "ssh-access-controls",
  "ssh-unterminated-keys",
  "ssh-unaudited-keys",
  "ssh-unintended-use",
  "ssh-pivoting",
  "ssh-human-error",
]);
type SshItem = z.infer<typeof SshItem>;

/** One item of a standard. No two standards have one of the same name. */
export const LensItem = z.enum([...NhiItem.options, ...SshItem.options]);
export type LensItem = z.infer<typeof LensItem>;

export const LENS_ITEMS: Record<Lens, readonly LensItem[]> = {
  "owasp-nhi": NhiItem.options,
  "nist-ir-7966": SshItem.options,
};

/**
 * What has to be read for a rule to find anything, where no certificate does, wherever it lies. `logs` are beside hosts. `people`: who
 * has left, and `labels`: what somebody said, is found at whatever it was said of. `capabilities`: an endpoint was asked what it takes.
 */
type RuleSource = "host" | "logs" | "people" | "labels" | "endpoint" | "capabilities";

/** What a rule has to do with each standard; empty: it is not of this standard. */
type Row = { nhi: readonly NhiItem[]; ssh: readonly SshItem[]; from?: RuleSource };

/** About TLS in operation: the endpoint fails or will, and nobody gets access by it. */
const IN_NEITHER: Row = { nhi: [], ssh: [] };

/** The items that a rule is evidence for. A new rule needs its row. */
const ITEMS_OF_RULE: Record<RuleId, Row> = {
  "certificate-expired": IN_NEITHER,
  "certificate-expiring": IN_NEITHER,
  "certificate-not-yet-valid": IN_NEITHER,
  "certificate-revoked": { nhi: ["NHI1"], ssh: [] },
  "certificate-weak-key": { nhi: ["NHI4"], ssh: [] },
  "certificate-weak-signature": { nhi: ["NHI4"], ssh: [] },
  "certificate-invalid": { nhi: ["NHI4"], ssh: [] },
  "certificate-against-profile": { nhi: ["NHI4"], ssh: [] },
  "issuer-against-profile": { nhi: ["NHI4"], ssh: [] },
  "certificate-self-signed": { nhi: ["NHI4"], ssh: [] },
  "certificate-name-mismatch": { nhi: ["NHI4"], ssh: [], from: "endpoint" },
  "certificate-not-reloaded": IN_NEITHER,
  "endpoint-other-certificate": IN_NEITHER,
  "certificate-file-unnamed": { nhi: ["NHI1"], ssh: [], from: "host" },
  "certificate-file-gone": IN_NEITHER,
  "certificate-file-unreadable": IN_NEITHER,
  "certificate-file-misordered": IN_NEITHER,
  "certificates-of-one-key-kind": IN_NEITHER,
  "certificate-without-key": IN_NEITHER,
  "certificate-key-mismatch": IN_NEITHER,
  "tls-key-without-certificate": { nhi: ["NHI1"], ssh: [], from: "host" },
  "keystore-default-password": { nhi: ["NHI2", "NHI4"], ssh: [], from: "host" },
  "endpoint-addresses-differ": IN_NEITHER,
  "chain-incomplete": { nhi: ["NHI4"], ssh: [], from: "endpoint" },
  "chain-misordered": IN_NEITHER,
  "chain-extra": IN_NEITHER,
  "chain-expiring": IN_NEITHER,
  "certificate-lifetime-over-limit": { nhi: ["NHI7"], ssh: [] },
  "certificate-client-auth-ends": IN_NEITHER,
  "certificate-changed": IN_NEITHER,
  "certificate-key-shared": { nhi: ["NHI9"], ssh: [] },
  "certificate-key-kept": { nhi: ["NHI7"], ssh: [] },
  "certificate-wildcard-spread": { nhi: ["NHI5", "NHI9"], ssh: [] },
  "certificate-key-is-ssh-key": { nhi: ["NHI9"], ssh: ["ssh-unintended-use"], from: "host" },
  "endpoint-key-exchange-classical": { nhi: ["NHI4"], ssh: [], from: "capabilities" },
  "grant-for-root": { nhi: ["NHI5"], ssh: ["ssh-access-controls", "ssh-pivoting"], from: "host" },
  "grant-orphaned": { nhi: ["NHI1"], ssh: ["ssh-unterminated-keys"], from: "host" },
  "grant-since-baseline": { nhi: [], ssh: ["ssh-unaudited-keys"], from: "host" },
  "approval-due": { nhi: ["NHI1"], ssh: ["ssh-unterminated-keys", "ssh-unaudited-keys"], from: "host" },
  "grant-returned": { nhi: ["NHI1"], ssh: ["ssh-unterminated-keys", "ssh-unaudited-keys"], from: "host" },
  "account-since-baseline": { nhi: [], ssh: ["ssh-unaudited-keys"], from: "host" },
  "account-returned": { nhi: ["NHI1"], ssh: ["ssh-unaudited-keys"], from: "host" },
  "account-replaced": { nhi: ["NHI1"], ssh: ["ssh-unaudited-keys"], from: "host" },
  "account-disabled-in-use": { nhi: ["NHI1"], ssh: ["ssh-unterminated-keys"], from: "logs" },
  "account-used-by-person": { nhi: ["NHI10"], ssh: ["ssh-unintended-use"], from: "logs" },
  "account-unused": { nhi: ["NHI1"], ssh: ["ssh-unterminated-keys"], from: "logs" },
  "account-becomes-root": { nhi: ["NHI5"], ssh: ["ssh-access-controls", "ssh-pivoting"], from: "host" },
  "identity-without-owner": { nhi: ["NHI1"], ssh: ["ssh-unaudited-keys"], from: "host" },
  "identity-owner-left": { nhi: ["NHI1"], ssh: ["ssh-unterminated-keys"], from: "people" },
  "identity-without-purpose": { nhi: [], ssh: ["ssh-unaudited-keys"], from: "host" },
  "identity-review-overdue": { nhi: ["NHI1"], ssh: ["ssh-unaudited-keys"], from: "labels" },
  "key-obsolete": { nhi: ["NHI4"], ssh: ["ssh-implementation"], from: "host" },
  "key-weak": { nhi: ["NHI4"], ssh: ["ssh-unterminated-keys"], from: "host" },
  "key-leaked": { nhi: ["NHI2"], ssh: ["ssh-unterminated-keys"], from: "host" },
  "key-on-several-accounts": { nhi: ["NHI9"], ssh: ["ssh-unintended-use", "ssh-pivoting"], from: "host" },
  "key-on-several-hosts": { nhi: ["NHI9"], ssh: ["ssh-unterminated-keys", "ssh-pivoting"], from: "host" },
  "key-across-environments": { nhi: ["NHI8"], ssh: ["ssh-unintended-use", "ssh-pivoting"], from: "host" },
  "key-file-without-passphrase": {
    nhi: ["NHI2"],
    ssh: ["ssh-unterminated-keys", "ssh-pivoting"],
    from: "host",
  },
  "key-file-readable-by-others": {
    nhi: ["NHI2"],
    ssh: ["ssh-access-controls", "ssh-human-error"],
    from: "host",
  },
  "host-key-changed": { nhi: ["NHI4"], ssh: [], from: "host" },
  "host-key-leaked": { nhi: ["NHI2"], ssh: [], from: "host" },
  "host-key-shared": { nhi: ["NHI9"], ssh: [], from: "host" },
};

/** The rules whose findings are evidence for an item, in the order of all rules; empty where none is. */
export const rulesOf = (item: LensItem): RuleId[] =>
  RuleId.options.filter((rule) => itemsOf(rule).includes(item));

export const itemsOf = (rule: RuleId): LensItem[] => [...ITEMS_OF_RULE[rule].nhi, ...ITEMS_OF_RULE[rule].ssh];

/** What a rule finds nothing without, or little of what it may; null where any certificate does. */
export const sourceOf = (rule: RuleId): RuleSource | null => ITEMS_OF_RULE[rule].from ?? null;

/**
 * Why a rule finds less than there may be, or nothing. `no-host-read`: endpoints alone were. `no-logs`: no host has logs that were read, and
 * show logins. `no-people-source`: nobody is known to have left. `no-baseline`: nothing is new where nobody has named a baseline.
 * `no-certificate-read`: nor an endpoint. `no-endpoint-read`: certificates alone were, in files. `no-capabilities`: no endpoint that was read
 * was asked what it takes. `short-logs`: none reach back as far as it takes to call an account unused.
 * `no-environments`: fewer than two are named, and nothing is of several.
 * `inventory-incomplete`: that a private key was not found counts for nothing yet. `turned-off`: nobody has turned it on.
 */
export const RuleGap = z.enum([
  "nothing-scanned",
  "no-host-read",
  "no-certificate-read",
  "no-endpoint-read",
  "no-capabilities",
  "no-logs",
  "short-logs",
  "no-people-source",
  "no-baseline",
  "no-environments",
  "inventory-incomplete",
  "turned-off",
]);
export type RuleGap = z.infer<typeof RuleGap>;

/**
 * On how many of the hosts a rule may miss what there is. `not-whole`: not all was read, as root; `no-logs`: no log shows
 * logins; `short-logs`: not for as long as it takes.
 */
export const HostGap = z.object({
  why: z.enum(["not-whole", "no-logs", "short-logs"]),
  hosts: z.int(),
  of: z.int(),
});
export type HostGap = z.infer<typeof HostGap>;

/** On how many of the endpoints a rule may miss what there is. `not-read`: no handshake came about when they were probed last. */
export const EndpointGap = z.object({
  why: z.enum(["not-read", "no-capabilities"]),
  endpoints: z.int(),
  of: z.int(),
});
export type EndpointGap = z.infer<typeof EndpointGap>;

/** What is found now for one item, accepted findings aside. An item without rules is not covered. */
export const LensItemReport = z.object({
  item: LensItem,
  rules: z.array(
    z.object({
      rule: RuleId,
      gap: RuleGap.nullable(),
      hostGap: HostGap.nullable(),
      endpointGap: EndpointGap.nullable(),
    }),
  ),
  found: z.array(z.object({ rule: RuleId, severity: Severity, count: z.int() })),
});
export type LensItemReport = z.infer<typeof LensItemReport>;

/** Findings through a standard. A rule that is evidence for two items is counted for both. */
export const LensReport = z.object({
  lens: Lens,
  items: z.array(LensItemReport),
  /** The rules that are not of this standard. */
  otherRules: z.array(RuleId),
});
export type LensReport = z.infer<typeof LensReport>;
