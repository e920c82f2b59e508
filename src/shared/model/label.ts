import { z } from "zod";
import { HostName, Port, Protocol } from "./hosts/target.ts";
import { Instant } from "./instant.ts";

/** What the user calls things, such as `production`. Lower case; it begins with a letter or a digit. */
export const TagName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, "write one word in lower case, such as production");
export type TagName = z.infer<typeof TagName>;

/** Where something is used, such as `production` or `test`: one word, written as a tag is. */
export const Environment = TagName;

const PRODUCTION: readonly string[] = ["production", "prod"];

/** What an environment is called: production has two names, which mean the same everywhere. */
export const namesOfEnvironment = (name: string): readonly string[] =>
  PRODUCTION.includes(name) ? PRODUCTION : [name];

/** A team or a person. */
export const OwnerName = z.string().trim().min(1).max(200);

export const Tag = z.object({
  name: TagName,
  /** How much of its life is left when a certificate with this tag is due; null leaves it as it is for all. */
  duePercent: z.int().min(1).max(99).nullable(),
  /** Who answers for what has this tag, and its environment, where nothing nearer says; null says nothing. */
  owner: OwnerName.nullable(),
  environment: Environment.nullable(),
  hostCount: z.int(),
  certificateCount: z.int(),
  accountCount: z.int(),
  /** Keys, endpoints and issuers. */
  otherCount: z.int(),
});
export type Tag = z.infer<typeof Tag>;

/** What labels are put on: a host by the name that the user gave it, and everything else by its own. */
export const Labelled = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("host"), host: z.string().max(1_000) }),
  z.object({
    kind: z.literal("account"),
    host: z.string().max(1_000),
    port: z.int(),
    name: z.string().max(1_000),
  }),
  z.object({ kind: z.literal("certificate"), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** A key of SSH, private or public. */
  z.object({ kind: z.literal("key"), fingerprint: z.string().min(1).max(200) }),
  /** Where TLS is spoken. */
  z.object({
    kind: z.literal("endpoint"),
    host: HostName,
    port: Port,
    serverName: HostName.nullable().default(null),
    protocol: Protocol.default("tls"),
  }),
  /** Who signs certificates for us. */
  z.object({ kind: z.literal("issuer"), name: z.string().max(1_000) }),
]);
export type Labelled = z.infer<typeof Labelled>;

/** What a label may say of a thing. */
export const LabelField = z.enum(["owner", "purpose", "environment", "reviewOn"]);
export type LabelField = z.infer<typeof LabelField>;

/** Where a value comes from that nobody gave the thing itself. */
export const LabelSource = z.discriminatedUnion("kind", [
  /** The host that it is on. */
  z.object({ kind: z.literal("host"), host: z.string() }),
  /** A tag of its own; with a host: of that host. */
  z.object({ kind: z.literal("tag"), name: TagName, host: z.string().nullable() }),
  /** All hosts where it is seen, which have the same. */
  z.object({ kind: z.literal("hosts") }),
]);
export type LabelSource = z.infer<typeof LabelSource>;

/** What holds of a thing where nobody gave it a value of its own. */
export const InheritedLabel = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("none") }),
  z.object({ kind: z.literal("value"), value: z.string(), from: LabelSource }),
  /** Two of its tags, of the tags of its host, or of the hosts where it is seen, say different things: it is unknown. */
  z.object({
    kind: z.literal("unsettled"),
    by: z.enum(["tags", "hosts"]),
    /** Whose tags they are, where they are not its own. */
    host: z.string().nullable(),
    /** The first of them. */
    values: z.array(z.string()),
  }),
]);
export type InheritedLabel = z.infer<typeof InheritedLabel>;

export const LabelValue = z.object({
  /** What somebody gave this very thing; null where nobody did. */
  own: z.string().nullable(),
  inherited: InheritedLabel,
});
export type LabelValue = z.infer<typeof LabelValue>;

export const Labels = z.object({
  /** Who answers for it. */
  owner: LabelValue,
  /** What it is for. */
  purpose: LabelValue,
  environment: LabelValue,
  /** The day on which somebody is to review it, such as 2027-01-31. */
  reviewOn: LabelValue,
  /** Its own. */
  tags: z.array(TagName),
});
export type Labels = z.infer<typeof Labels>;

/**
 * What in the store speaks for a label that nobody has given. None of it counts for anything until somebody says yes.
 */
export const LabelEvidence = z.discriminatedUnion("kind", [
  /** The account is called what a people source has as this person's login. */
  z.object({ kind: z.literal("login-of-person"), login: z.string(), source: z.string() }),
  /** A people source has a key that opens it, or that it is, as this person's. */
  z.object({ kind: z.literal("key-of-person"), fingerprint: z.string(), source: z.string() }),
  /** The comment of such a key is a login of this person. */
  z.object({ kind: z.literal("comment"), comment: z.string() }),
  /** Such a key logged in last. */
  z.object({ kind: z.literal("last-login"), fingerprint: z.string(), at: Instant }),
  /** An account that is called what this person is became it last, by su. */
  z.object({ kind: z.literal("became"), by: z.string(), at: Instant }),
  /** An account of this person has its private key. */
  z.object({ kind: z.literal("key-file"), host: z.string(), account: z.string(), path: z.string() }),
  /** So many accounts of the same name on other hosts have it. */
  z.object({ kind: z.literal("same-name"), count: z.int() }),
  /** So many other accounts of its host have it. */
  z.object({ kind: z.literal("same-host"), count: z.int() }),
  /** The host that an endpoint is on has it. */
  z.object({ kind: z.literal("on-host"), host: z.string() }),
  /** The certificate has it that was there before it. */
  z.object({ kind: z.literal("predecessor"), sha256: z.string() }),
  /** Whoever signed it for us has it. */
  z.object({ kind: z.literal("issuer"), name: z.string() }),
  /** This runs as it. */
  z.object({ kind: z.literal("runs"), name: z.string() }),
  /** This is a part of the name of its host. */
  z.object({ kind: z.literal("host-name"), host: z.string(), word: z.string() }),
]);
export type LabelEvidence = z.infer<typeof LabelEvidence>;

/** A value that somebody may say yes to. */
export const LabelSuggestion = z.object({
  field: LabelField,
  value: z.string(),
  /** The first of what speaks for it. */
  evidence: z.array(LabelEvidence),
  /** All of that is a host's word: whoever has root there, or an account, can have made it up. */
  isClaim: z.boolean(),
});
export type LabelSuggestion = z.infer<typeof LabelSuggestion>;

/** What a change has changed of a thing: the values that were otherwise before, and tags that came or went. */
export const ThingChange = z.object({
  thing: Labelled,
  /** Which one of this name it was: the number of an account, the row of an issuer; 0 for all others. */
  which: z.int(),
  values: z.array(
    z.object({ field: LabelField, before: z.string().nullable(), after: z.string().nullable() }),
  ),
  added: z.array(TagName),
  removed: z.array(TagName),
});
export type ThingChange = z.infer<typeof ThingChange>;

/** What `accounts`, `hosts` and `certificates` print with --json, as far as it names things. */
export const PrintedThings = z.object({
  accounts: z.array(z.object({ host: z.string(), port: z.int(), name: z.string() })).default([]),
  hosts: z.array(z.object({ host: z.string() })).default([]),
  certificates: z.array(z.object({ sha256: z.string() })).default([]),
});

/** What holds of a thing; null where that is not known. */
export function findEffective({ own, inherited }: LabelValue): string | null {
  if (own !== null) return own;
  return inherited.kind === "value" ? inherited.value : null;
}
