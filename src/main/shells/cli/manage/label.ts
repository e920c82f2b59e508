import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { MOST_LABELLED } from "#shared/contract/labels.ts";
import { LabelField, Labelled, PrintedThings } from "#shared/model/label.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatLabelled } from "#shared/text/hosts/target.ts";
import { describeSuggestion, formatLabels, formatTag, LABEL_TITLES } from "#shared/text/label.ts";
import { formatLabelCommand } from "#shared/text/list-commands.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { findHost } from "#shells/cli/find-host.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { readList } from "#shells/cli/scan/targets.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";

type Options = CommonOptions &
  ThingOptions & {
    owner?: string | false;
    purpose?: string | false;
    environment?: string | false;
    review?: string | false;
    tag?: string[];
    untag?: string[];
    undo?: boolean;
    suggest?: boolean;
  };
type TagOptions = CommonOptions & {
  due?: number | false;
  owner?: string | false;
  environment?: string | false;
};

export function addLabel(program: Command, { world }: Session): void {
  program
    .command("label [host...]")
    .helpGroup(MORE)
    .description("set who answers for things, what they are for, their environment, review date and tags")
    .option("--account <name@host>", "this account (repeatable)", collect)
    .option("--key <fingerprint>", "this SSH key (repeatable)", collect)
    .option("--certificate <sha256>", "this certificate (repeatable)", collect)
    .option("--endpoint <host:port>", "this TLS endpoint (repeatable)", collect)
    .option("--issuer <name>", "this issuer (repeatable)", collect)
    .option("--from <file>", "things from a file, one a line, or as accounts --json has them (-: stdin)")
    .option("--owner <name>", "set the owner: a team or a person")
    .option("--no-owner", "remove the owner")
    .option("--purpose <text>", "set what it is for")
    .option("--no-purpose", "remove the purpose")
    .option("--environment <name>", "set the environment, such as production")
    .option("--no-environment", "remove the environment")
    .option("--review <day>", "set the day of the next review, such as 2027-01-31")
    .option("--no-review", "remove the day of review")
    .option("--tag <name>", "add a tag (repeatable)", collect)
    .option("--untag <name>", "remove a tag (repeatable)", collect)
    .option("--undo", "make everything as it was before the last change of labels")
    .option(
      "--suggest",
      "show what may be said, and why; without a thing: of accounts that nobody answers for",
    )
    .addHelpText("after", HELP)
    .action((hosts: string[], _: object, command: Command) =>
      runLabel(hosts, command.optsWithGlobals<Options>(), world),
    );
  program
    .command("tags [name]")
    .helpGroup(MORE)
    .description("list tags, or set what holds for all that have a tag")
    .option("--due <percent>", "due when this percentage of the lifetime is left", wholeNumber(1, 99))
    .option("--no-due", "due as without the tag")
    .option("--owner <name>", "who answers for what has the tag")
    .option("--no-owner", "the tag says nothing of the owner")
    .option("--environment <name>", "the environment of what has the tag")
    .option("--no-environment", "the tag says nothing of the environment")
    .addHelpText("after", TAGS_HELP)
    .action((name: string | undefined, _: object, command: Command) =>
      runTags(name, command.optsWithGlobals<TagOptions>(), world),
    );
}

const collect = (word: string, before: string[] = []): string[] => [...before, word];

const HELP = `
Name a host as latchkey hosts or latchkey certificates shows it. What is not said of a thing itself comes from its own
tags, else from its host, else from the tags of its host; the output says which. A certificate has what all hosts
have where it is found; a key and an issuer have nothing from hosts. Where two tags differ, nothing is known.
latchkey forecast --by owner groups by this.

A file for --from has a thing a line: NAME@HOST, a fingerprint, a certificate's SHA-256, HOST:PORT, or a host.
One command is one change, however many things it names; --undo undoes the last one that was not undone yet, unless
something of it was changed again since.

Examples:
  latchkey label web1.example web2.example --owner "team shop" --environment production
  latchkey label --account deploy@web1.example --owner "team shop" --purpose "deploys the shop" --review 2027-01-31
  latchkey accounts --kind bot --no-owner --json | latchkey label --from - --owner "team build"
  latchkey label --undo
  latchkey label --suggest                     who may answer for accounts without an owner, and why
  latchkey label web1.example                  show its labels

With --json: { labels: [{ kind, ..., owner: { own, inherited }, purpose, environment, reviewOn, tags }] }`;

const TAGS_HELP = `
A certificate is due when a third of its lifetime is left, or half if it is valid for less than ten days. A tag on
the certificate, or on a host where it is found, can change that; of several, the earliest counts.
Owner and environment of a tag hold for whatever has it, unless the thing has one of its own.

Examples:
  latchkey tags production --due 50 --environment production
  latchkey tags`;

async function runLabel(hosts: readonly string[], options: Options, world: World): Promise<void> {
  if (options.undo) return undo(options, world);
  if (options.suggest) return suggest(hosts, options, world);
  if (!isAnyThing(hosts, options))
    throw new Refusal("invalid-input", "name a host, or use --account, --key or --certificate");
  const change = readChange(options);
  await using app = await openApp(options, world, change ? "write" : "read");
  const things = await readThings(hosts, options, { world, client: app.client });
  if (change) await app.client.labels.set({ things, ...change });
  const labels = await Promise.all(things.map((thing) => app.client.labels.find({ thing })));
  if (options.json)
    return printJson({ labels: things.map((thing, index) => ({ ...thing, ...labels[index] })) }, world);
  for (const [index, thing] of things.entries()) {
    const found = labels[index];
    if (found) world.out(printable(`${formatLabelled(thing)}: ${formatLabels(found)}`));
  }
}

/** What is to be set; null: nothing. */
function readChange({ owner, purpose, environment, review, tag = [], untag = [] }: Options) {
  const values = { owner, purpose, environment, reviewOn: review };
  const set = LabelField.options.flatMap((field) => {
    const value = values[field];
    return value === undefined ? [] : [[field, value === false ? null : value] as const];
  });
  if (set.length + tag.length + untag.length === 0) return null;
  return { ...Object.fromEntries(set), addTags: tag, removeTags: untag };
}

async function undo(options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const { things, gone } = await app.client.labels.undo({});
  if (options.json) return printJson({ undone: things, gone }, world);
  const lines = [
    ...gone.map((thing) => `${formatLabelled(thing)}: removed since, and its labels with it`),
    ...things.map((thing) => `${formatLabelled(thing)}: as before`),
  ];
  const most = 20;
  for (const line of lines.slice(0, most)) world.out(printable(line));
  if (lines.length > most) world.out(`and ${formatCount(lines.length - most, "more thing")}`);
}

/** So many accounts are shown with what is suggested, and so many are looked through. */
const MOST_SUGGESTED = 100;
const MOST_PAGES = 25;

/** Nothing of it counts until somebody gives it: the line that does so is printed with it. */
async function suggest(hosts: readonly string[], options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { client } = app;
  const rows = isAnyThing(hosts, options)
    ? await eachOf(await readThings(hosts, options, { world, client }), async (thing) => ({
        thing,
        ...(await client.labels.suggest({ thing })),
      }))
    : await suggestOwners(client);
  if (options.json) return printJson({ suggestions: rows }, world);
  if (rows.every(({ suggestions }) => suggestions.length === 0))
    return world.out("nothing at hand suggests anything that nobody has said yet");
  for (const { thing, suggestions } of rows)
    for (const one of suggestions) {
      const what = `${LABEL_TITLES[one.field].toLowerCase()} ${one.value}?`;
      world.out(printable(`${formatLabelled(thing)}: ${what} ${describeSuggestion(one)}`));
      const line = formatLabelCommand(thing, one.field, one.value);
      if (line !== null) world.out(`  ${line}`);
    }
}

async function suggestOwners(client: LatchkeyClient) {
  const rows: Awaited<ReturnType<typeof client.labels.suggestOwners>>["rows"] = [];
  let after: number | null = 0;
  for (let page = 0; page < MOST_PAGES && after !== null && rows.length < MOST_SUGGESTED; page++) {
    const found: Awaited<ReturnType<typeof client.labels.suggestOwners>> = await client.labels.suggestOwners({
      after,
    });
    rows.push(...found.rows);
    after = found.next;
  }
  return rows.slice(0, MOST_SUGGESTED);
}

async function runTags(name: string | undefined, options: TagOptions, world: World): Promise<void> {
  const { due, owner, environment } = options;
  const isChange = due !== undefined || owner !== undefined || environment !== undefined;
  if (name === undefined && isChange)
    throw new Refusal("invalid-input", "name the tag: latchkey tags production --due 50");
  await using app = await openApp(options, world, isChange ? "write" : "read");
  if (name !== undefined && isChange) await app.client.labels.setTag(readTag(name, options));
  const { tags } = await app.client.labels.read();
  const shown = name === undefined ? tags : tags.filter((tag) => tag.name === name);
  if (options.json) return printJson({ tags: shown }, world);
  if (shown.length === 0)
    return world.out(
      `there is no ${name === undefined ? "tag yet" : "such tag"}; add one: latchkey label HOST --tag NAME`,
    );
  for (const tag of shown) world.out(printable(`${tag.name}: ${formatTag(tag)}`));
}

/** What is left out stays as it is. */
const readTag = (name: string, { due, owner, environment }: TagOptions) => ({
  name,
  duePercent: due === false ? null : due,
  owner: owner === false ? null : owner,
  environment: environment === false ? null : environment,
});

type ThingOptions = {
  account?: string[];
  key?: string[];
  certificate?: string[];
  endpoint?: string[];
  issuer?: string[];
  from?: string;
};

const isAnyThing = (hosts: readonly string[], { account, key, ...rest }: ThingOptions): boolean =>
  hosts.length > 0 || [account, key, rest.certificate, rest.endpoint, rest.issuer, rest.from].some(Boolean);

type Deps = { world: World; client: LatchkeyClient };

/** Each thing once, in the order in which they are named. */
async function readThings(
  hosts: readonly string[],
  options: ThingOptions,
  { world, client }: Deps,
): Promise<Labelled[]> {
  const { account = [], key = [], certificate = [], endpoint = [], issuer = [], from } = options;
  const find = hostFinder(client);
  const things: Labelled[] = [
    ...hosts.map(toHost),
    ...(await eachOf(account, (word) => readAccount(word, find))),
    ...key.map(toKey),
    ...certificate.map(toCertificate),
    ...(await eachOf(endpoint, (word) => readEndpoint(word, client))),
    ...issuer.map((name) => ({ kind: "issuer" as const, name })),
    ...(from === undefined ? [] : await readFile(await readList(from, world), { find, client })),
  ];
  const each = [...new Map(things.map((thing) => [JSON.stringify(thing), thing])).values()];
  if (each.length === 0) throw new Refusal("invalid-input", `${from ?? "the list"} names nothing`);
  if (each.length > MOST_LABELLED)
    throw new Refusal(
      "too-many",
      `these are ${formatNumber(each.length)} things, and at most ${formatNumber(MOST_LABELLED)} are labelled at once`,
    );
  return each;
}

type FindHost = (name: string) => Promise<{ host: string; port: number }>;

/** Asks for each host once. */
function hostFinder(client: LatchkeyClient): FindHost {
  const known = new Map<string, ReturnType<FindHost>>();
  return (name) => {
    const found = known.get(name) ?? findHost(name, client);
    known.set(name, found);
    return found;
  };
}

const toHost = (host: string) => ({ kind: "host" as const, host });
const toKey = (fingerprint: string) => ({ kind: "key" as const, fingerprint });
const toCertificate = (sha256: string) => ({ kind: "certificate" as const, sha256 });

/** NAME@HOST, of which the last `@` parts the two. */
async function readAccount(word: string, find: FindHost): Promise<Labelled> {
  const at = word.lastIndexOf("@");
  if (at < 1) throw new Refusal("invalid-input", `${word} names no account; write NAME@HOST`);
  return { kind: "account", name: word.slice(0, at), ...(await find(word.slice(at + 1))) };
}

/** As a target of TLS is written. */
async function readEndpoint(word: string, { targets }: LatchkeyClient): Promise<Labelled> {
  const { total, first } = await targets.preview({ text: word, only: "tls" });
  const target = first[0];
  if (total !== 1 || target?.kind !== "tls")
    throw new Refusal("invalid-input", `${word} is not one endpoint; write HOST:PORT`);
  const { host, port, serverName, protocol } = target;
  return { kind: "endpoint", host, port, serverName, protocol };
}

async function readFile(text: string, deps: { find: FindHost; client: LatchkeyClient }): Promise<Labelled[]> {
  if (text.trimStart().startsWith("{")) return readPrinted(text);
  const lines = text.split("\n").flatMap((line) => line.trim() || []);
  return eachOf(
    lines.filter((line) => !line.startsWith("#")),
    (line) => readLine(line, deps),
  );
}

function readPrinted(text: string): Labelled[] {
  const printed = PrintedThings.safeParse(parseJson(text));
  if (!printed.success)
    throw new Refusal(
      "invalid-input",
      "the list is not what accounts, hosts or certificates print with --json",
    );
  const { accounts, hosts, certificates } = printed.data;
  return Labelled.array().parse([
    ...accounts.map(({ host, port, name }) => ({ kind: "account", host, port, name })),
    ...hosts.map(({ host }) => toHost(host)),
    ...certificates.map(({ sha256 }) => toCertificate(sha256)),
  ]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function readLine(
  line: string,
  { find, client }: { find: FindHost; client: LatchkeyClient },
): Promise<Labelled> {
  if (/^[0-9a-f]{64}$/.test(line)) return toCertificate(line);
  if (/^(SHA256|MD5):/.test(line)) return toKey(line);
  if (line.includes("@")) return readAccount(line, find);
  if (/^[^:]+:\d+(\/|$)|\]:\d+(\/|$)|:\/\//.test(line)) return readEndpoint(line, client);
  return toHost(line);
}

/** One after the other: each may ask the database. */
async function eachOf<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
