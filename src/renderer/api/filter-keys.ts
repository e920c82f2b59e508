/**
 * What can be typed into the filter of each list: a table a list, of keys and the fields of its address that they set.
 * What the contract has no filter for has no key.
 */

import type { FilterKey, FilterKind } from "#renderer/ui/table/filter-text.ts";
import { AccountKind, RootStanding } from "#shared/model/access/account.ts";
import { ChangeKind, ChangeWhat } from "#shared/model/access/change.ts";
import { EntryMethod, LoginRule } from "#shared/model/access/login.ts";
import { ReviewItemState } from "#shared/model/access/review.ts";
import { KEY_TYPES } from "#shared/model/certificates/certificate.ts";
import { ServedState } from "#shared/model/certificates/served.ts";
import { RuleId, Severity } from "#shared/model/finding.ts";
import { HostKeyState } from "#shared/model/hosts/host-key.ts";
import { ProbeState } from "#shared/model/hosts/probe.ts";
import { ScanState } from "#shared/model/hosts/scan.ts";
import { LensItem } from "#shared/model/lens.ts";
import { PlanKind } from "#shared/model/runs/plan.ts";
import { RunState } from "#shared/model/runs/run.ts";
import type {
  AccessSearch,
  AccountsSearch,
  CertificatesSearch,
  ChangesSearch,
  FindingsSearch,
  GraphSearch,
  HostKeysSearch,
  HostsSearch,
  LoginsSearch,
  PeopleSearch,
  RunsSearch,
  ScansSearch,
  ServedSearch,
} from "./searches.ts";

type KeysOf<Search> = readonly FilterKey<
  Exclude<keyof Search & string, "search" | "open" | "sort" | "descending">
>[];
type Address<Schema extends { _output: unknown }> = Schema["_output"];

const choices = (words: readonly string[]): FilterKind => ({
  kind: "choice",
  choices: words.map((word) => ({ word, value: word })),
});

/** A word that sets its field alone. */
const flag = (word: string): FilterKind => ({ kind: "choice", choices: [{ word, value: true }] });

const text = (most: number, known: readonly string[] = []): FilterKind => ({ kind: "text", most, known });

const HOST = { name: "host", field: "host", takes: text(253), hint: "a host, by its name" } as const;

/** The labels that users have given, as far as they are known. */
type KnownOwners = { owners: readonly string[] | undefined };
type KnownTags = KnownOwners & { tags: readonly string[] | undefined };
type KnownEnvironments = KnownOwners & { environments: readonly string[] | undefined };

export const certificateKeys = ({
  owners = [],
  tags = [],
}: KnownTags): KeysOf<Address<typeof CertificatesSearch>> => [
  {
    name: "expires",
    field: "within",
    takes: { kind: "days", least: 0, most: 36_500 },
    hint: "within so many days, or before now",
  },
  { name: "role", field: "role", takes: choices(["leaf", "authority"]), hint: "leaf or authority" },
  { name: "at", field: "location", takes: choices(["endpoint", "file"]), hint: "where it was seen" },
  HOST,
  {
    name: "owner",
    field: "owner",
    takes: { kind: "text", most: 200, none: "none", known: owners },
    hint: "who answers for it, or none",
  },
  { name: "-owner", field: "owned", takes: flag("none"), hint: "somebody answers for it" },
  { name: "tag", field: "tag", takes: text(64, tags), hint: "a tag of it or its host" },
  {
    name: "type",
    field: "type",
    takes: { kind: "choice", choices: KEY_TYPES.map((value) => ({ word: value.toLowerCase(), value })) },
    hint: "the kind of its key",
  },
  { name: "issuer", field: "issuer", takes: text(200), hint: "part of its issuer's name" },
  {
    name: "key",
    field: "spki",
    takes: { kind: "text", most: 64, pattern: /^[0-9a-f]{64}$/ },
    hint: "the SHA-256 of its public key",
  },
];

/** The kinds that OpenSSH makes, as a line of authorized_keys begins with them. */
const SSH_KEY_TYPES = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "ssh-dss",
];

export const GRANT_KEYS: KeysOf<Address<typeof AccessSearch>> = [
  HOST,
  { name: "account", field: "account", takes: text(256), hint: "an account, by its name" },
  { name: "key", field: "fingerprint", takes: text(100), hint: "a fingerprint, as SHA256:..." },
  { name: "type", field: "type", takes: text(120, SSH_KEY_TYPES), hint: "the kind of the key" },
  {
    name: "login",
    field: "effective",
    takes: choices(["yes", "no", "unknown"]),
    hint: "whether the key can log in",
  },
  {
    name: "owner",
    field: "owner",
    takes: choices(["known", "gone", "unknown"]),
    hint: "whether its owner is known",
  },
  {
    name: "use",
    field: "use",
    takes: choices(["used", "unused", "unknown"]),
    hint: "whether logs show its use",
  },
  { name: "is", field: "orphaned", takes: flag("orphan"), hint: "owned or used by nobody" },
  { name: "is", field: "privateKeyNotFound", takes: flag("no-private-key"), hint: "private key not found" },
  { name: "is", field: "unapproved", takes: flag("unapproved"), hint: "new since the baseline" },
];

export const accountKeys = ({
  owners = [],
  environments = [],
}: KnownEnvironments): KeysOf<Address<typeof AccountsSearch>> => [
  HOST,
  { name: "kind", field: "kind", takes: choices(AccountKind.options), hint: "what it is for" },
  { name: "root", field: "root", takes: choices(RootStanding.options), hint: "whether it becomes root" },
  {
    name: "owner",
    field: "owner",
    takes: { kind: "text", most: 200, none: "none", known: owners },
    hint: "who answers for it, or none",
  },
  {
    name: "environment",
    field: "environment",
    takes: { kind: "text", most: 64, none: "none", known: environments },
    hint: "where it is used, or none",
  },
  { name: "purpose", field: "lacksPurpose", takes: flag("none"), hint: "nobody has said what it is for" },
  { name: "is", field: "unapproved", takes: flag("unapproved"), hint: "new since the baseline" },
];

export const LOGIN_KEYS: KeysOf<Address<typeof LoginsSearch>> = [
  HOST,
  { name: "account", field: "account", takes: text(300), hint: "an account, by its name" },
  { name: "from", field: "from", takes: text(200), hint: "the address that it came from" },
  {
    name: "method",
    field: "method",
    takes: choices(EntryMethod.options),
    hint: "by what: a key, a password",
  },
  { name: "is", field: "observed", takes: flag("observed"), hint: "those that stand out" },
  { name: "accepted", field: "accepted", takes: flag("yes"), hint: "those that were accepted" },
  { name: "rule", field: "rule", takes: choices(LoginRule.options), hint: "by what it stands out" },
];

export const reviewKeys = (reviewers: readonly string[] = []): readonly FilterKey<"state" | "reviewer">[] => [
  { name: "state", field: "state", takes: choices(ReviewItemState.options), hint: "how far it has come" },
  { name: "reviewer", field: "reviewer", takes: text(200, reviewers), hint: "who decides on it" },
];

export const FINDING_KEYS: KeysOf<Address<typeof FindingsSearch>> = [
  { name: "severity", field: "severity", takes: choices(Severity.options), hint: "how severe it is" },
  { name: "rule", field: "rule", takes: choices(RuleId.options), hint: "the rule that found it" },
  { name: "item", field: "item", takes: choices(LensItem.options), hint: "the item of a standard" },
  HOST,
  { name: "is", field: "accepted", takes: flag("accepted"), hint: "accepted, instead of open" },
];

export const HOST_KEYS: KeysOf<Address<typeof HostsSearch>> = [
  { name: "state", field: "state", takes: choices(ProbeState.options), hint: "what its last scan came to" },
];

export const HOST_KEY_KEYS: KeysOf<Address<typeof HostKeysSearch>> = [
  {
    name: "state",
    field: "state",
    takes: choices(HostKeyState.options),
    hint: "whether it is the trusted one",
  },
  HOST,
  { name: "is", field: "shared", takes: flag("shared"), hint: "on several hosts" },
  { name: "is", field: "weak", takes: flag("weak"), hint: "of an obsolete type or length" },
];

export const PERSON_KEYS: KeysOf<Address<typeof PeopleSearch>> = [
  { name: "standing", field: "standing", takes: choices(["known", "gone"]), hint: "there, or gone" },
];

export const SERVED_KEYS: KeysOf<Address<typeof ServedSearch>> = [
  { name: "state", field: "state", takes: choices(ServedState.options), hint: "whether it is served" },
  HOST,
];

export const SCAN_KEYS: KeysOf<Address<typeof ScansSearch>> = [
  { name: "state", field: "state", takes: choices(ScanState.options), hint: "how far it came" },
  { name: "with", field: "plans", takes: flag("plans"), hint: "those that plans have made, too" },
];

export const RUN_KEYS: KeysOf<Address<typeof RunsSearch>> = [
  { name: "state", field: "state", takes: choices(RunState.options), hint: "how far it came" },
  { name: "kind", field: "kind", takes: choices(PlanKind.options), hint: "the kind of its plan" },
];

export const CHANGE_KEYS: KeysOf<Address<typeof ChangesSearch>> = [
  HOST,
  { name: "kind", field: "kind", takes: choices(ChangeKind.options), hint: "the kind of thing" },
  { name: "what", field: "what", takes: choices(ChangeWhat.options), hint: "what became of it" },
  { name: "since", field: "days", takes: { kind: "days", least: 1, most: 36_500 }, hint: "so many days ago" },
  {
    name: "from",
    field: "from",
    takes: { kind: "number", most: 999_999_999 },
    hint: "the earlier scan, by its number",
  },
  {
    name: "to",
    field: "to",
    takes: { kind: "number", most: 999_999_999 },
    hint: "the later scan, by its number",
  },
];

const STEP_KEYS: KeysOf<Address<typeof GraphSearch>> = [
  HOST,
  { name: "is", field: "certain", takes: flag("certain"), hint: "certain steps alone" },
];

export const MUTUAL_KEYS = STEP_KEYS;

/** What a start reaches. */
export const REACH_KEYS: KeysOf<Address<typeof GraphSearch>> = [
  ...STEP_KEYS,
  { name: "is", field: "root", takes: flag("root"), hint: "accounts of root alone" },
];

export const LINK_KEYS: KeysOf<Address<typeof GraphSearch>> = [
  ...REACH_KEYS,
  {
    name: "by",
    field: "by",
    takes: choices(["key-file", "this-computer", "person", "authority", "account"]),
    hint: "where the step begins",
  },
  { name: "person", field: "person", takes: text(600), hint: "a person, by name or login" },
  { name: "standing", field: "standing", takes: choices(["known", "gone"]), hint: "people there, or gone" },
];

export const SHARED_KEYS: KeysOf<Address<typeof GraphSearch>> = [
  { name: "kind", field: "kind", takes: choices(["people", "hosts"]), hint: "of people, or of hosts" },
];
