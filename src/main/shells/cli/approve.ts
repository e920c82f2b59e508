import type { Command } from "commander";
import { MOST_APPROVED } from "#shared/contract/changes.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { GrantRow } from "#shared/model/grant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { formatAmount } from "#shared/text/total.ts";
import { listRows } from "./all-rows.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & {
  host?: string;
  account?: string;
  fingerprint?: string;
  unapproved?: boolean;
  all?: boolean;
};

type ApproveOptions = Options & { owner: string; purpose: string; review?: string };

export function addApprove(program: Command, { world }: Session): void {
  choosing(program.command("approve [filter...]"))
    .description("approve grants: who answers for them, and what they are for")
    .requiredOption("--owner <name>", "who answers for the grant")
    .requiredOption("--purpose <text>", "what the grant is for")
    .option("--review <day>", "the day of the next review, such as 2027-01-31; from then on it is a finding")
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      approve(words, command.optsWithGlobals<ApproveOptions>(), world),
    );
  choosing(program.command("unapprove [filter...]"))
    .description("withdraw approvals")
    .action((words: string[], _: object, command: Command) =>
      unapprove(words, command.optsWithGlobals<Options>(), world),
    );
}

const choosing = (command: Command): Command =>
  command
    .helpGroup(MORE)
    .option("--host <name>", "only grants on this host")
    .option("--account <name>", "only grants for this account")
    .option("--fingerprint <fingerprint>", "only grants of this key")
    .option("--unapproved", "only grants that are new since the baseline and not approved")
    .option("--all", "all that match, if there are several");

const HELP = `
FILTER selects grants as in latchkey access: the row must contain every word. An approval is for one exact
line: it still holds after the line moves, but not after it is edited.

Examples:
  latchkey approve --host web1 backup@nas --owner "Ann Moore" --purpose backups --review 2027-01-31
  latchkey approve --unapproved --all --owner "Ann Moore" --purpose "new team, ticket 812"
  latchkey unapprove --fingerprint SHA256:2vN...`;

async function approve(words: readonly string[], options: ApproveOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const chosen = await choose(words, { options, client: app.client });
  const grants = chosen.map(({ id }) => id);
  const { owner, purpose, review = null } = options;
  const { approved } = await app.client.changes.approve({ grants, owner, purpose, reviewOn: review });
  if (options.json) return printJson({ approved }, world);
  for (const grant of chosen) world.out(formatGrant(grant));
  world.out(`${formatCount(approved, "grant")} approved; owner: ${printable(owner)}`);
}

async function unapprove(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const chosen = await choose(words, { options, client: app.client });
  const grants = chosen.filter(({ approval }) => approval !== null).map(({ id }) => id);
  const { withdrawn } =
    grants.length === 0 ? { withdrawn: 0 } : await app.client.changes.unapprove({ grants });
  if (options.json) return printJson({ withdrawn }, world);
  world.out(
    withdrawn === 0 ? "none of them was approved" : `${formatCount(withdrawn, "approval")} withdrawn`,
  );
}

/** One grant, or with --all all that fit. */
async function choose(
  words: readonly string[],
  { options, client }: { options: Options; client: LatchkeyClient },
): Promise<GrantRow[]> {
  const { host = null, account = null, fingerprint = null, unapproved = false, all = false } = options;
  const filter = { search: words.join(" "), host, account, fingerprint, rogue: unapproved };
  const { rows, total } = await listRows(MOST_APPROVED, (page) => client.access.list({ ...filter, ...page }));
  if (total === 0) throw new Refusal("not-found", "no grant matches; latchkey access lists them");
  if (isMoreThan(total, 1) && !all)
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} grants match; narrow the filter, or use --all`,
    );
  if (isMoreThan(total, MOST_APPROVED))
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} grants match; at most ${formatNumber(MOST_APPROVED)} can be approved at once`,
    );
  return rows;
}

const formatGrant = ({ host, account, file, line, comment, fingerprint }: GrantRow): string =>
  printable(`${account} on ${host}: ${comment || (fingerprint ?? "a line without a key")} (${file}:${line})`);
