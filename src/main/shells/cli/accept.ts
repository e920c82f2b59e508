import type { Command } from "commander";
import { MOST_ACCEPTED } from "#shared/contract/findings.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Finding, RuleId } from "#shared/model/finding.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { formatAmount } from "#shared/text/total.ts";
import { listRows } from "./all-rows.ts";
import { asRule } from "./findings.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { MORE, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { rule?: RuleId; host?: string; all?: boolean };
type AcceptOptions = Options & { until: string; reason: string };

export function addAccept(program: Command, { world }: Session): void {
  choosing(program.command("accept [filter...]"))
    .description("accept findings until a day, with a reason")
    .requiredOption("--until <day>", "the day on which they count again, such as 2027-01-31")
    .requiredOption("--reason <text>", "why they are accepted")
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      accept(words, command.optsWithGlobals<AcceptOptions>(), world),
    );
  choosing(program.command("unaccept [filter...]"))
    .description("withdraw acceptances")
    .action((words: string[], _: object, command: Command) =>
      unaccept(words, command.optsWithGlobals<Options>(), world),
    );
}

const choosing = (command: Command): Command =>
  command
    .helpGroup(MORE)
    .option("--rule <rule>", "only this rule, such as certificate-expired", asRule)
    .option("--host <name>", "only findings on this host")
    .option("--all", "all that match, if there are several");

const HELP = `
FILTER selects findings as in latchkey findings: the row must contain every word. An acceptance is for one rule and
one object, and covers the locations, accounts or certificates that the finding names at that moment. It ends on its
day, or when the finding comes to name another one. Accepted findings are not counted, and --fail-on ignores them.

Examples:
  latchkey accept --rule certificate-self-signed --host lab1 --until 2027-01-31 --reason "a test machine"
  latchkey accept --rule certificate-expired --all --until 2026-12-31 --reason "ticket 812"
  latchkey unaccept --host lab1`;

async function accept(words: readonly string[], options: AcceptOptions, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const chosen = await choose(words, { options, client: app.client, accepted: false });
  const { until, reason } = options;
  const { accepted } = await app.client.findings.accept({ ids: chosen.map(({ id }) => id), until, reason });
  if (options.json) return printJson({ accepted }, world);
  for (const finding of chosen) world.out(formatFinding(finding));
  world.out(`${formatCount(accepted, "finding")} accepted until ${printable(until)}`);
}

async function unaccept(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = openApp(options, world, "write");
  const chosen = await choose(words, { options, client: app.client, accepted: true });
  const { withdrawn } = await app.client.findings.unaccept({ ids: chosen.map(({ id }) => id) });
  if (options.json) return printJson({ withdrawn }, world);
  for (const finding of chosen) world.out(formatFinding(finding));
  world.out(`${formatCount(withdrawn, "acceptance")} withdrawn`);
}

type Choice = { options: Options; client: LatchkeyClient; accepted: boolean };

/** One finding, or with --all all that fit. */
async function choose(words: readonly string[], { options, client, accepted }: Choice): Promise<Finding[]> {
  const { rule = null, host = null, all = false } = options;
  const filter = { search: words.join(" "), rule, host, accepted };
  const { rows, total } = await listRows(MOST_ACCEPTED, (page) =>
    client.findings.list({ ...filter, ...page }),
  );
  if (total === 0)
    throw new Refusal(
      "not-found",
      `no finding matches; latchkey findings${accepted ? " --accepted" : ""} lists them`,
    );
  if (isMoreThan(total, 1) && !all)
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} findings match; narrow the filter, or use --all`,
    );
  if (isMoreThan(total, MOST_ACCEPTED))
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} findings match; at most ${formatNumber(MOST_ACCEPTED)} can be accepted at once`,
    );
  return rows;
}

const formatFinding = ({ rule, label, host }: Finding): string =>
  printable(`${rule}: ${label}${host === null ? "" : ` on ${host}`}`);
