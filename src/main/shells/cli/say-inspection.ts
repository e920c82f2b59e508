import type { InspectedStore, Inspection } from "#shared/contract/inspect.ts";
import type { EndpointFacts } from "#shared/model/endpoint.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatExpiry } from "#shared/text/elapsed.ts";
import { formatEndpointFacts } from "#shared/text/endpoint-facts.ts";
import { formatInspected } from "#shared/text/inspection.ts";
import { formatKey } from "#shared/text/key-size.ts";
import { formatEntryKind, formatIntegrity, formatStoreState } from "#shared/text/keystore.ts";
import { printable } from "#shared/text/printable.ts";
import { paint } from "./print-table.ts";
import type { World } from "./world.ts";

type Item = Inspection["items"][number];

/** What a source holds, for people at a terminal. */
export function formatInspection(inspection: Inspection, world: World): string {
  const { source, kind, items, stores, malformed, endpoint } = inspection;
  const title = `${printable(source)}: ${formatInspected(kind, countShown(items))}`;
  const blocks = items.map((item) => formatItem(item, inspection, world.now()));
  const broken = malformed.length > 0 ? [formatMalformed(malformed)] : [];
  const heads = stores.map((store) => formatStore(store));
  const facts = endpoint ? [formatEndpoint(endpoint)] : [];
  const parts = [world.isColoured ? paint("bold", title) : title, ...facts, ...heads, ...blocks, ...broken];
  return parts.join("\n\n");
}

/** A name stands once, before the first of its lines. */
const formatEndpoint = (endpoint: EndpointFacts): string =>
  formatEndpointFacts(endpoint)
    .flatMap(({ name, lines }) =>
      lines.map((line, index) => `  ${printable(index === 0 ? name : "").padEnd(18)} ${printable(line)}`),
    )
    .join("\n");

/** Of a file of certificates and their key, the certificates are counted. */
const countShown = (items: readonly Item[]): number =>
  items.filter(({ what }) => what === "certificate").length || items.length;

function formatStore(store: InspectedStore): string {
  const { place, format, integrity, protection, why, isWrongPassword, defaultPassword, entries } = store;
  const facts: Fact[] = [
    ["where", place],
    ["store", `${format}, ${formatStoreState(store)}`],
    ["protection", protection],
    ["integrity", formatIntegrity(integrity)],
    ["password", defaultPassword === null ? null : formatDefaultPassword(defaultPassword)],
    ["why", isWrongPassword ? "the password is wrong" : why],
    ...entries.map((entry): Fact => ["entry", formatEntry(entry, store.state === "open")]),
  ];
  return formatFacts(facts);
}

const formatDefaultPassword = (password: string): string =>
  password === ""
    ? "empty: whoever has the file opens it"
    : `${JSON.stringify(password)}, which everybody knows`;

type Entry = InspectedStore["entries"][number];

/** Of a store that is locked it is not known which certificates a key has. */
const formatEntry = ({ alias, what, isLocked, certificateCount: count }: Entry, isWhole: boolean): string =>
  [
    alias === "" ? formatEntryKind(what) : `${alias}: ${formatEntryKind(what)}`,
    ...(what === "key" && (count > 0 || isWhole) ? [formatCount(count, "certificate")] : []),
    ...(isLocked ? ["locked"] : []),
  ].join(", ");

const formatMalformed = (malformed: readonly string[]): string =>
  [
    `${formatCount(malformed.length, "part")} could not be read:`,
    ...malformed.map((why) => `  ${printable(why)}`),
  ].join("\n");

function formatItem(item: Item, inspection: Inspection, now: Date): string {
  const facts = item.what === "certificate" ? listCertificateFacts(item, now) : listKeyFacts(item);
  return formatFacts([["where", item.place], ["alias", aliasOf(item, inspection)], ...facts]);
}

/** The name of the entry that an item stands in; empty for none. */
export function aliasOf(item: Item, { stores }: Inspection): string {
  const entry = item.what === "certificate" ? item.entry : null;
  return (entry && stores[entry.store]?.entries[entry.entry]?.alias) ?? "";
}

function formatFacts(facts: readonly Fact[]): string {
  return facts
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `  ${name.padEnd(11)} ${printable(value ?? "")}`)
    .join("\n");
}

type Fact = [name: string, value: string | null];

function listCertificateFacts(item: Extract<Item, { what: "certificate" }>, now: Date): Fact[] {
  const { notAfter } = item;
  return [
    ["subject", item.subject || "(empty)"],
    ["issuer", item.issuer || "(empty)"],
    ["names", item.names.join(", ")],
    ["not before", item.notBefore ?? "could not be read"],
    ["not after", notAfter === null ? "could not be read" : `${notAfter} (${formatExpiry(notAfter, now)})`],
    ["key", formatKey(item)],
    ["signature", item.signature],
    ["authority", item.isCa ? "yes: it may sign others" : ""],
    ["serial", item.serial],
    ["sha256", item.sha256],
  ];
}

const listKeyFacts = (item: Exclude<Item, { what: "certificate" }>): Fact[] => [
  ["line", item.line === null ? null : String(item.line)],
  [item.what === "known-host" ? "hosts" : "options", item.options],
  ["key", formatKey(item)],
  ["fingerprint", item.fingerprint],
  ["key sha256", item.what === "private-key" ? item.spkiSha256 : null],
  ["comment", item.comment],
  [
    "passphrase",
    item.isEncrypted === null ? null : item.isEncrypted ? "yes" : "none: whoever has the file has the key",
  ],
];
