import type { Command } from "commander";
import type { Today } from "#shared/contract/today.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Finding } from "#shared/model/finding.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { TodayLine } from "#shared/model/today.ts";
import { formatCount } from "#shared/text/count.ts";
import { type FindOwnName, findOwnNamesIn } from "#shared/text/hosts/own-name.ts";
import { writeTarget } from "#shared/text/hosts/target.ts";
import { describeLine, formatClear, formatCoverage } from "#shared/text/today.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, days, printJson } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";
import { NOTHING_SCANNED, SEVERITY_STYLES } from "./findings.ts";

type Options = CommonOptions & { maxAge?: number; save?: boolean };

export function addToday(program: Command, { world }: Session): void {
  program
    .command("today")
    .helpGroup(REPORT)
    .description("what needs somebody now, the most urgent first")
    .option(
      "--max-age <days>",
      "what was last read longer ago counts as not known (default: 7d, or what was saved)",
      days,
    )
    .option("--save", "with --max-age: use it from now on, on the screen too")
    .addHelpText("after", HELP)
    .action((_: object, command: Command) => showToday(command.optsWithGlobals<Options>(), world));
}

const HELP = `
Lists what has to be done: runs that wait or need attention, people who have left and can still log in, what expires,
what was renewed and is not served, unapproved access, weak keys, and targets that could not be read or were last read
too long ago. A line goes once it is done, or once its finding is accepted (latchkey accept).

Examples:
  latchkey today
  latchkey today --max-age 1d    for a fleet that is scanned every night
  latchkey today --json | jq -r '.lines[] | select(.severity == "critical") | .kind'

With --json: { isEmpty, lines: [{ kind, severity, ... }], coverage: { probed, failed, partial, limited, stale, unprobed },
maxAgeDays }; a number of which more than so many were counted is { moreThan }`;

async function showToday(options: Options, world: World): Promise<void> {
  const { maxAge, save = false, json } = options;
  if (save && maxAge === undefined)
    throw new Refusal("invalid-input", "--save needs a number of days: add --max-age, such as --max-age 14d");
  await using app = await openApp(options, world, save && maxAge !== undefined ? "write" : "read");
  const { today } = app.client;
  if (save && maxAge !== undefined) await today.setMaxAge({ days: maxAge });
  const found = await today.read({ maxAgeDays: maxAge ?? null });
  if (json) return printJson(found, world);
  if (found.isEmpty) return world.out(NOTHING_SCANNED);
  world.out(formatToday(found, world, findOwnNamesIn(await app.client.hosts.ownNames())));
}

function formatToday({ lines, coverage, maxAgeDays }: Today, world: World, findOwnName: FindOwnName): string {
  const columns = columnsAt(world.now(), findOwnName);
  if (lines.every(({ kind }) => kind === "unknown-targets")) {
    const { sentence } = formatClear(coverage, maxAgeDays);
    return lines.length === 0 ? sentence : `${printTable(columns, lines, world)}\n\n${sentence}`;
  }
  const count = formatCount(lines.length, "thing to do", "things to do");
  return `${printTable(columns, lines, world)}\n\n${count}; ${formatCoverage(coverage, maxAgeDays)}`;
}

const columnsAt = (now: Date, findOwnName: FindOwnName): Column<TodayLine>[] => [
  { head: "SEVERITY", cell: ({ severity }) => severity, style: ({ severity }) => SEVERITY_STYLES[severity] },
  { head: "WHAT", cell: (line) => describeLine(line, now, findOwnName).about, cut: "middle" },
  { head: "WHY", cell: (line) => describeLine(line, now).sentence, cut: "end" },
  { head: "CONCERNS", cell: (line) => describeLine(line, now, findOwnName).concerns, leaves: 2 },
  { head: "NEXT", cell: formatCommand, leaves: 1 },
];

/** The command that begins to deal with a line. Its words are for a shell, and a stranger's words are in none. */
function formatCommand(line: TodayLine): string {
  switch (line.kind) {
    case "run":
      return `latchkey runs show ${line.run.id}`;
    case "still-accepted":
      return `latchkey runs show ${line.runId}`;
    case "login":
      return `latchkey logins show ${line.login.id}`;
    case "former-person":
      return "latchkey access --orphaned";
    case "review":
      return `latchkey reviews show ${line.review} --state open`;
    case "undone-review":
      return line.unplanned > 0
        ? `latchkey reviews plan ${line.review}`
        : `latchkey reviews show ${line.review} --state planned`;
    case "more-findings":
      return `latchkey findings --rule ${line.rule}`;
    case "finding":
      if (line.isRenewed || line.finding.rule === "certificate-not-reloaded") return reloadOf(line.finding);
      return `latchkey findings --rule ${line.finding.rule} --details`;
    case "unknown-targets": {
      const targets = line.targets.slice(0, 3).map(({ target }) => writeTarget(target));
      return targets.every((target) => PLAIN.test(target))
        ? `latchkey scan ${targets.join(" ")}`
        : "latchkey hosts";
    }
    default:
      return assertNever(line);
  }
}

/** Its certificate is served in place of a later one. */
const reloadOf = ({ rule, object }: Finding): string =>
  object.kind === "certificate"
    ? `latchkey reload ${object.sha256}`
    : `latchkey findings --rule ${rule} --details`;

/** A target that means nothing else to a shell. */
const PLAIN = /^[\w@:/.%-]+$/;
