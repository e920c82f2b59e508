import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Labelled } from "#shared/model/label.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatLabelled } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { findHost } from "#shells/cli/find-host.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";

type Options = CommonOptions & {
  certificate?: string[];
  account?: string[];
  owner?: string | false;
  tag?: string[];
  untag?: string[];
};
type TagOptions = CommonOptions & { due?: number | false };

export function addLabel(program: Command, { world }: Session): void {
  program
    .command("label [host...]")
    .helpGroup(MORE)
    .description("set owner and tags of hosts, accounts and certificates")
    .option("--account <name@host>", "this account (repeatable)", collect)
    .option("--certificate <sha256>", "this certificate (repeatable)", collect)
    .option("--owner <name>", "set the owner")
    .option("--no-owner", "remove the owner")
    .option("--tag <name>", "add a tag (repeatable)", collect)
    .option("--untag <name>", "remove a tag (repeatable)", collect)
    .addHelpText("after", HELP)
    .action((hosts: string[], _: object, command: Command) =>
      setLabels(hosts, command.optsWithGlobals<Options>(), world),
    );
  program
    .command("tags [name]")
    .helpGroup(MORE)
    .description("list tags, or set when certificates with a tag are due")
    .option("--due <percent>", "due when this percentage of the lifetime is left", wholeNumber(1, 99))
    .option("--no-due", "due as without the tag")
    .addHelpText("after", TAGS_HELP)
    .action((name: string | undefined, _: object, command: Command) =>
      runTags(name, command.optsWithGlobals<TagOptions>(), world),
    );
}

const collect = (word: string, before: string[] = []): string[] => [...before, word];

const HELP = `
Name a host as latchkey hosts or latchkey certificates shows it. A certificate without an owner of its own belongs to
the owner of the hosts where it is found, if all of them have the same one; its renewals inherit its labels. An
account without an owner of its own belongs to the owner of its host.
latchkey forecast --by owner groups by this.

Examples:
  latchkey label web1.example web2.example --owner "team shop" --tag production
  latchkey label --account deploy@web1.example --owner "team shop"
  latchkey label --certificate 5f2c... --owner "Ann Moore"
  latchkey label web1.example                  show its labels`;

const TAGS_HELP = `
A certificate is due when a third of its lifetime is left, or half if it is valid for less than ten days. A tag on
the certificate, or on a host where it is found, can change that; of several, the earliest counts.

Examples:
  latchkey tags production --due 50
  latchkey tags`;

async function setLabels(hosts: readonly string[], options: Options, world: World): Promise<void> {
  const { account: accounts = [], certificate: certificates = [] } = options;
  if (hosts.length + accounts.length + certificates.length === 0)
    throw new Refusal("invalid-input", "name a host, or use --account or --certificate");
  const { owner, tag: addTags = [], untag: removeTags = [] } = options;
  const isChange = owner !== undefined || addTags.length + removeTags.length > 0;
  await using app = await openApp(options, world, isChange ? "write" : "read");
  const things: Labelled[] = [
    ...hosts.map((host) => ({ kind: "host" as const, host })),
    ...(await Promise.all(accounts.map((word) => readAccount(word, app.client)))),
    ...certificates.map((sha256) => ({ kind: "certificate" as const, sha256 })),
  ];
  if (isChange) {
    const ownerChange = owner === undefined ? {} : { owner: owner === false ? null : owner };
    await app.client.labels.set({ things, ...ownerChange, addTags, removeTags });
  }
  const labels = await Promise.all(things.map((thing) => app.client.labels.find({ thing })));
  if (options.json)
    return printJson({ labels: things.map((thing, index) => ({ ...thing, ...labels[index] })) }, world);
  for (const [index, thing] of things.entries()) {
    const { owner: own = null, inheritedOwner = "", tags = [] } = labels[index] ?? {};
    const inherited = thing.kind === "account" ? "as its host" : "as its hosts";
    const whose = own ?? (inheritedOwner === "" ? "no owner" : `${inheritedOwner}, ${inherited}`);
    const what = formatLabelled(thing);
    world.out(printable(`${what}: ${whose}${tags.length > 0 ? `, tagged ${tags.join(", ")}` : ""}`));
  }
}

/** NAME@HOST, of which the last `@` parts the two. */
async function readAccount(word: string, client: LatchkeyClient): Promise<Labelled> {
  const at = word.lastIndexOf("@");
  if (at < 1) throw new Refusal("invalid-input", `${word} names no account; write NAME@HOST`);
  return { kind: "account", name: word.slice(0, at), ...(await findHost(word.slice(at + 1), client)) };
}

async function runTags(name: string | undefined, options: TagOptions, world: World): Promise<void> {
  const { due } = options;
  if (name === undefined && due !== undefined)
    throw new Refusal("invalid-input", "name the tag: latchkey tags production --due 50");
  const isChange = name !== undefined && due !== undefined;
  await using app = await openApp(options, world, isChange ? "write" : "read");
  if (isChange) await app.client.labels.setTag({ name, duePercent: due === false ? null : due });
  const { tags } = await app.client.labels.read();
  const shown = name === undefined ? tags : tags.filter((tag) => tag.name === name);
  if (options.json) return printJson({ tags: shown }, world);
  if (shown.length === 0)
    return world.out(
      `there is no ${name === undefined ? "tag yet" : "such tag"}; add one: latchkey label HOST --tag NAME`,
    );
  for (const { name: label, duePercent, hostCount, certificateCount, accountCount } of shown) {
    const when = duePercent === null ? "due as usual" : `due when ${duePercent} % of the lifetime is left`;
    const where = [
      formatCount(hostCount, "host"),
      formatCount(certificateCount, "certificate"),
      ...(accountCount > 0 ? [formatCount(accountCount, "account")] : []),
    ].join(", ");
    world.out(`${label}: ${where}; ${when}`);
  }
}
