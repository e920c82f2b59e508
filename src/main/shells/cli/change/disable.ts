/** Commands that disable accounts as a whole, restore them, and remove them. */
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { disabledAccounts, isSameHost } from "#shared/model/runs/plan.ts";
import type { RunId, RunState } from "#shared/model/runs/run.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, hours, printJson, wholeNumber } from "#shells/cli/options.ts";
import { listRows } from "#shells/cli/print-table.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import { CHANGE, type Session, type World } from "#shells/cli/session.ts";
import { type AccountAddress, readAccountAddresses } from "./access.ts";
import { codeOf, followRun, printEnd } from "./follow-run.ts";
import { change } from "./rotate-apply.ts";
import { addRunOptions, type ChangeOptions } from "./rotate-options.ts";

/** Days in which logs are watched, unless somebody says otherwise. */
const WATCH_DAYS = 30;

export function addDisable(program: Command, { world, finish }: Session): void {
  addRunOptions(
    program
      .command("disable [account...]")
      .helpGroup(CHANGE)
      .description("disable accounts of hosts, and watch who still needs them")
      .option(
        "--watch <days>",
        `days in which the logs are watched for uses, before somebody decides (default: ${WATCH_DAYS})`,
        wholeNumber(0, 365),
      ),
  )
    .addHelpText("after", DISABLE_HELP)
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<ChangeOptions & { watch?: number }>();
      const toRequest = async (client: LatchkeyClient): Promise<PlanRequest> => {
        if (words.length === 0)
          throw new Refusal(
            "invalid-input",
            "name the accounts, such as deploy@web1; latchkey accounts lists them",
          );
        return {
          kind: "disable-account",
          accounts: await readAccountAddresses(words, client),
          reason: "",
        };
      };
      const isNamed = words.length > 0;
      const watched = { ...options, grace: options.watch ?? WATCH_DAYS };
      finish(await change({ command, kinds: ["disable-account"], isNamed, toRequest }, watched, world));
    });
  addRunOptions(
    program
      .command("remove [account...]")
      .helpGroup(CHANGE)
      .description("remove accounts that latchkey disable has disabled; their files stay")
      .option(
        "--keep-old <time>",
        "how long the finished removal can be undone, such as 24h or 7d; 0: not at all (default: 24h)",
        hours,
      ),
  )
    .addHelpText("after", REMOVE_HELP)
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<ChangeOptions>();
      const toRequest = async (client: LatchkeyClient): Promise<PlanRequest> => ({
        kind: "remove-account",
        runId: await findRemovable(words, client),
      });
      const isNamed = words.length > 0;
      finish(await change({ command, kinds: ["remove-account"], isNamed, toRequest }, options, world));
    });
  program
    .command("restore <account...>")
    .helpGroup(CHANGE)
    .description("restore accounts that latchkey disable has disabled, as they were")
    .option("--identity <file>", "log in with this private key (repeatable)", collect)
    .option("--yes", "do not ask for confirmation")
    .addHelpText("after", RESTORE_HELP)
    .action(async (words: string[], _: object, command: Command) =>
      finish(await restore(words, command.optsWithGlobals<RestoreOptions>(), world)),
    );
}

const DISABLE_HELP = `
Each account is named as USER@HOST[:PORT]. Its password is locked, it expires, its login shell becomes nologin, and its
grants are revoked; its processes and its files stay. A new session verifies that it is shut, and that Latchkey still
gets in as root; otherwise the host itself rolls back. Nothing is changed before --apply.

Then the run waits. Each use that the logs show is named with its line (latchkey runs show RUN), and begins the days anew.
When they are over you decide: latchkey restore, latchkey remove, or latchkey runs resume RUN --now, which leaves it
disabled for good.

root, and the account that Latchkey logs in as, are never disabled.

Examples:
  latchkey disable deploy@web1
  latchkey disable deploy@web1 deploy@web2 --watch 14 --apply

Exit codes: 0 planned, or disabled and verified, and waiting; 1 paused, or needs attention; 2 refused, nothing was changed;
3 stopped: what failed was rolled back.
With --json: { planId, hash, plan }; with --apply: { run }`;

const REMOVE_HELP = `
Its lines leave passwd, shadow, group and gshadow; the plan shows each of them. Its files stay, with the uid of their
owner: the plan names what was found. A new session verifies that nothing on the host answers for it any more; otherwise
the host itself rolls back. Until --keep-old is over it can be undone (latchkey runs undo), which leaves it disabled.

All accounts of the run that has disabled them are removed: name all of them, and those of another run in a command of
its own. Before the days of latchkey disable --watch are over, or where the logs show a use, the name of the account has
to be typed. Refused are root, the account that Latchkey logs in as, one whose uid another name has, one with running
processes, and hosts whose logs were not read since.

Examples:
  latchkey remove deploy@web1
  latchkey remove deploy@web1 deploy@web2 --apply

Exit codes: 0 planned, or removed and verified; 1 paused, or needs attention; 2 refused, nothing was changed; 3 stopped:
what failed was rolled back.
With --json: { planId, hash, plan }; with --apply: { run }`;

const RESTORE_HELP = `
Rolls back the run that has disabled them: its password as it was, its expiry, its shell and its grants, each verified. All
accounts of that run are restored: name all of them, and those of another run in a command of its own; latchkey runs
show RUN lists them.

Example:
  latchkey restore deploy@web1

Exit codes: 0 restored; 1 needs attention; 2 refused, nothing was changed; 3 stopped.
With --json: { run }`;

type RestoreOptions = CommonOptions & { identity?: string[]; yes?: boolean };

async function restore(words: readonly string[], options: RestoreOptions, world: World): Promise<number> {
  const { identity: identityFiles = [], json = false } = options;
  await using app = await openApp(options, world, "write");
  const { client } = app;
  const runId = await findRun(words, options, client, world);
  const begin = async (): Promise<RunId> => {
    await client.runs.rollBack({ runId, identityFiles, mayPrompt: world.prompt !== null });
    return runId;
  };
  const { rows } = await listRows(undefined, (page) => client.runs.entries({ runId, ...page }));
  const run = await followRun(client, begin, world, { isQuiet: json, since: rows.at(-1)?.id ?? 0 });
  if (json) printJson({ run }, world);
  else printEnd(run, world);
  return codeOf(run, "rolled-back");
}

/** The run that has disabled these accounts, if it can restore them and no others. */
async function findRun(
  words: readonly string[],
  options: RestoreOptions,
  client: LatchkeyClient,
  world: World,
): Promise<RunId> {
  const found = await findDisabling(await readAccountAddresses(words, client), OPEN, client);
  if (!options.yes) await confirmRestore(found.accounts, world);
  return found.runId;
}

async function findRemovable(words: readonly string[], client: LatchkeyClient): Promise<RunId> {
  if (words.length === 0)
    throw new Refusal(
      "invalid-input",
      "name the accounts, such as deploy@web1; latchkey runs list --kind disable-account lists what is disabled",
    );
  const named = await readAccountAddresses(words, client);
  return (await findDisabling(named, new Set(["waiting", "committed"]), client)).runId;
}

const isSame = (one: AccountAddress, other: AccountAddress): boolean =>
  isSameHost(one, other) && one.account === other.account;

/** The states of a run that can be rolled back. */
const OPEN: ReadonlySet<RunState> = new Set([
  "paused",
  "stopped",
  "interrupted",
  "waiting",
  "needs-attention",
]);

type Disabling = { runId: RunId; accounts: AccountAddress[] };

/** The last run in one of these states that has disabled all of these accounts, and no others. */
export async function findDisabling(
  named: readonly AccountAddress[],
  states: ReadonlySet<RunState>,
  client: LatchkeyClient,
): Promise<Disabling> {
  const { rows } = await listRows(undefined, (page) =>
    client.runs.list({ kind: "disable-account", ...page }),
  );
  /** By account, in the order in which they are named: the last run that has disabled it. */
  const lastOf = new Map<AccountAddress, Disabling>();
  for (const { id, planId } of rows.filter(({ state }) => states.has(state))) {
    const { plan } = await client.runs.findPlan({ planId });
    const accounts = (plan?.hosts ?? []).flatMap((host) =>
      disabledAccounts(host).map(
        ({ account }): AccountAddress => ({ host: host.host, port: host.port, account }),
      ),
    );
    const found = named.filter((one) => accounts.some((other) => isSame(one, other)));
    if (found.length === named.length && listOthers(accounts, named).length === 0)
      return { runId: id, accounts };
    for (const one of found) if (!lastOf.has(one)) lastOf.set(one, { runId: id, accounts });
  }
  throw refuseDisabling(named, lastOf, states);
}

const listOthers = (
  accounts: readonly AccountAddress[],
  named: readonly AccountAddress[],
): AccountAddress[] => accounts.filter((one) => !named.some((other) => isSame(one, other)));

const formatAccounts = (accounts: readonly AccountAddress[]): string =>
  accounts.map(formatAccount).join(", ");

/** Why no one run has disabled exactly these accounts. */
function refuseDisabling(
  named: readonly AccountAddress[],
  lastOf: ReadonlyMap<AccountAddress, Disabling>,
  states: ReadonlySet<RunState>,
): Refusal {
  const unknown = named.filter((one) => !lastOf.has(one));
  if (unknown.length > 0)
    return new Refusal(
      "not-found",
      `no run that can still be ${states === OPEN ? "rolled back" : "followed by a removal"} has disabled ${formatAccounts(unknown)}; latchkey runs list --kind disable-account lists them`,
    );
  const runs = new Map([...lastOf.values()].map((one) => [one.runId, one.accounts]));
  if (runs.size > 1)
    return new Refusal(
      "conflict",
      `different runs have disabled them (${[...runs].map(([id, accounts]) => `run ${id}: ${formatAccounts(accounts)}`).join("; ")}), and the accounts of one run share its end: name those of each run in a command of its own`,
    );
  const [[id, accounts] = [0, []]] = runs;
  return new Refusal(
    "conflict",
    `run ${id} has disabled ${formatAccounts(listOthers(accounts, named))} as well, and all of its accounts share its end: name them, too`,
  );
}

async function confirmRestore(accounts: readonly AccountAddress[], { promptUser }: World): Promise<void> {
  if (!promptUser) throw new Refusal("conflict", "this is not a terminal: confirm with --yes");
  const reply = await promptUser(
    printable(`Restore ${accounts.map(formatAccount).join(", ")} as before? [y/N] `),
  );
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not confirmed; nothing was changed");
}
