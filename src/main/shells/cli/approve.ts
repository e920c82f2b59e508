import type { Command } from "commander";
import { MOST_APPROVED } from "#shared/contract/changes.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { GrantRow } from "#shared/model/grant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { sayAmount } from "#shared/text/total.ts";
import { listRows } from "./all-rows.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & {
  host?: string;
  account?: string;
  fingerprint?: string;
  rogue?: boolean;
  all?: boolean;
};

type ApproveOptions = Options & { owner: string; purpose: string; review?: string };

export function addApprove(program: Command, { world }: Session): void {
  choosing(program.command("approve [filter...]"))
    .description("say of grants that they may be there, for whom and for what")
    .requiredOption("--owner <name>", "who answers for it")
    .requiredOption("--purpose <text>", "what it is for")
    .option("--review <day>", "when to look again, as 2027-01-31; that day it becomes a finding")
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      approve(words, command.optsWithGlobals<ApproveOptions>(), world),
    );
  choosing(program.command("unapprove [filter...]"))
    .description("take approvals back")
    .action((words: string[], _: object, command: Command) =>
      unapprove(words, command.optsWithGlobals<Options>(), world),
    );
}

const choosing = (command: Command): Command =>
  command
    .helpGroup(MORE)
    .option("--host <name>", "only what opens this host")
    .option("--account <name>", "only what opens this account")
    .option("--fingerprint <fingerprint>", "only this key")
    .option("--rogue", "only what is new since the baseline and not approved")
    .option("--all", "all that fit, where there are several");

const HELP = `
Grants are chosen as latchkey access lists them: every word of FILTER must stand in the row. An approval is
for one exact line: it holds when the line moves, and not when it is changed.

Examples:
  latchkey approve --host web1 backup@nas --owner "Ann Moore" --purpose backups --review 2027-01-31
  latchkey approve --rogue --all --owner "Ann Moore" --purpose "new team, ticket 812"
  latchkey unapprove --fingerprint SHA256:2vN...`;

async function approve(words: readonly string[], options: ApproveOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const chosen = await choose(words, { options, client: app.client });
  const grants = chosen.map(({ id }) => id);
  const { owner, purpose, review = null } = options;
  const { approved } = await app.client.changes.approve({ grants, owner, purpose, reviewOn: review });
  if (options.json) return printJson({ approved }, world);
  for (const grant of chosen) world.out(sayGrant(grant));
  world.out(`${sayCount(approved, "grant")} approved, as ${printable(owner)}'s`);
}

async function unapprove(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const chosen = await choose(words, { options, client: app.client });
  const grants = chosen.filter(({ approval }) => approval !== null).map(({ id }) => id);
  const { withdrawn } =
    grants.length === 0 ? { withdrawn: 0 } : await app.client.changes.unapprove({ grants });
  if (options.json) return printJson({ withdrawn }, world);
  world.out(withdrawn === 0 ? "none of them was approved" : `${sayCount(withdrawn, "approval")} withdrawn`);
}

/** One grant, or with --all all that fit. */
async function choose(
  words: readonly string[],
  { options, client }: { options: Options; client: LatchkeyClient },
): Promise<GrantRow[]> {
  const { host = null, account = null, fingerprint = null, rogue = false, all = false } = options;
  const filter = { search: words.join(" "), host, account, fingerprint, rogue };
  const { rows, total } = await listRows(MOST_APPROVED, (page) => client.access.list({ ...filter, ...page }));
  if (total === 0) throw new Refusal("not-found", "no grant fits; latchkey access lists those that stand");
  if (isMoreThan(total, 1) && !all)
    throw new Refusal("invalid-input", `${sayAmount(total)} grants fit; narrow it down, or say --all`);
  if (isMoreThan(total, MOST_APPROVED))
    throw new Refusal(
      "invalid-input",
      `${sayAmount(total)} grants fit; at most ${sayNumber(MOST_APPROVED)} are taken at once`,
    );
  return rows;
}

const sayGrant = ({ host, account, file, line, comment, fingerprint }: GrantRow): string =>
  printable(`${account} on ${host}: ${comment || (fingerprint ?? "a line without a key")} (${file}:${line})`);
