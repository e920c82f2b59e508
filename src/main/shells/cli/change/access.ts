/** Commands that change who may log in: grants of keys, and accounts as a whole. */
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { disabledAccounts, isSameHost } from "#shared/model/runs/plan.ts";
import type { RunId, RunState } from "#shared/model/runs/run.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatAmount, formatNumber } from "#shared/text/count.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { listRows } from "#shells/cli/print-table.ts";
import { formatUndecided } from "#shells/cli/report/access.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import { CHANGE, type Session, type World } from "#shells/cli/session.ts";
import { codeOf, followRun, printEnd } from "./follow-run.ts";
import { change } from "./rotate-apply.ts";
import {
  addAccessOptions,
  addRunOptions,
  CHANGE_ENDS,
  type ChangeOptions,
  readKeyText,
} from "./rotate-options.ts";

type Choice = {
  host?: string;
  account?: string;
  fingerprint?: string;
  orphaned?: boolean;
  unapproved?: boolean;
  all?: boolean;
};
type AddOptions = ChangeOptions & { options?: string };
type RemoveOptions = ChangeOptions & Choice;
type TightenOptions = RemoveOptions & {
  from?: string;
  restrict?: boolean;
  expiry?: string;
  authority?: string;
  principal?: string[];
};

export function addGrants(program: Command, { world, finish }: Session): void {
  const grants = program
    .command("grants")
    .helpGroup(CHANGE)
    .description("add, remove or restrict grants (lines of authorized_keys)");
  addAccessOptions(
    grants
      .command("add [key] [account...]")
      .description("grant a key access to accounts, each as user@host[:port]")
      .option(
        "--options <options>",
        'the options before the key in its line, such as restrict,command="backup"',
      ),
  )
    .addHelpText("after", ADD_HELP + CHANGE_ENDS)
    .action(async (key: string | undefined, accounts: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<AddOptions>();
      const isNamed = key !== undefined;
      const toRequest = (client: LatchkeyClient) => addRequest(key, accounts, options, client);
      finish(await change({ command, kinds: ["add-grants"], isNamed, toRequest }, options, world));
    });
  addAccessOptions(choosing(grants.command("remove [filter...]").description("remove grants")))
    .addHelpText("after", REMOVE_HELP + CHANGE_ENDS)
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<RemoveOptions>();
      const toRequest = async (client: LatchkeyClient): Promise<PlanRequest> => ({
        kind: "remove-grants",
        grants: await choose(words, options, client, world),
      });
      const isNamed = isChosen(words, options);
      finish(await change({ command, kinds: ["remove-grants"], isNamed, toRequest }, options, world));
    });
  addAccessOptions(tightening(grants.command("tighten [filter...]")))
    .addHelpText("after", TIGHTEN_HELP + CHANGE_ENDS)
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<TightenOptions>();
      const isNamed = isChosen(words, options);
      const toRequest = (client: LatchkeyClient) => tightenRequest(words, options, client, world);
      finish(
        await change(
          { command, kinds: ["tighten-grants", "move-to-authority"], isNamed, toRequest },
          options,
          world,
        ),
      );
    });
}

const choosing = (command: Command): Command =>
  command
    .option("--host <name>", "only grants on this host")
    .option("--account <name>", "only grants for this account")
    .option("--fingerprint <fingerprint>", "only grants of this key")
    .option("--orphaned", "only orphans")
    .option("--unapproved", "only grants that are new since the baseline and not approved")
    .option("--all", "all that match, if there are several");

const tightening = (command: Command): Command =>
  choosing(command.description("restrict grants: by address, by expiry, or to signed certificates"))
    .option("--from <list>", "only from these addresses, as in from=")
    .option("--restrict", "no forwarding, no terminal, no ~/.ssh/rc")
    .option("--expiry <date>", "valid until then, such as 20270131 or 202701311200Z")
    .option(
      "--authority <key>",
      "replace the key by certificates that this CA key signs: a .pub file, or its line",
    )
    .option(
      "--principal <name>",
      "the principal that certificates must name (default: the account; repeatable)",
      collect,
    );

const CHOICE = `
FILTER selects grants as in latchkey access: the row must contain every word.`;

const ADD_HELP = `
KEY is a .pub file, its line, or the fingerprint of a known key. The line is added at the end of the first file that
sshd reads for the account.

Examples:
  latchkey grants add backup.pub backup@web1 backup@web2:2222 --options 'restrict,command="backup"'
  latchkey grants add SHA256:2vN... deploy@web1 --apply`;

const REMOVE_HELP = `${CHOICE}
The last known way to log in as root, and the key that Latchkey itself logs in with, are never removed.

Examples:
  latchkey grants remove bob@laptop --host web1
  latchkey grants remove --orphaned --all --plan orphans.json`;

const TIGHTEN_HELP = `${CHOICE}
The rest of the line stays as it is, byte for byte.

Examples:
  latchkey grants tighten backup@nas --all --from 10.0.0.0/8 --restrict
  latchkey grants tighten ann@laptop --authority ca.pub --principal ann`;

async function addRequest(
  key: string | undefined,
  words: readonly string[],
  { options = "" }: AddOptions,
  client: LatchkeyClient,
): Promise<PlanRequest> {
  if (key === undefined || words.length === 0)
    throw new Refusal("invalid-input", "name the key and the accounts, such as: key.pub deploy@web1");
  return {
    kind: "add-grants",
    key: await readKeyText(key),
    options,
    accounts: await readAccountAddresses(words, client),
  };
}

async function tightenRequest(
  words: readonly string[],
  options: TightenOptions,
  client: LatchkeyClient,
  world: World,
): Promise<PlanRequest> {
  const { from = null, restrict = false, expiry = null, authority, principal = [] } = options;
  if (expiry !== null && !/^\d{8}(\d{4}(\d{2})?)?Z?$/.test(expiry))
    throw new Refusal("invalid-input", `--expiry ${expiry} is not a date; write 20270131 or 202701311200Z`);
  const grants = await choose(words, options, client, world);
  if (authority !== undefined) {
    if (from !== null || restrict || expiry !== null)
      throw new Refusal(
        "invalid-input",
        "--authority cannot be combined with --from, --restrict or --expiry; run one after the other",
      );
    return {
      kind: "move-to-authority",
      grants,
      authority: await readKeyText(authority),
      principals: principal,
    };
  }
  return { kind: "tighten-grants", grants, from, restrict, expiry };
}

const isChosen = (
  words: readonly string[],
  { host, account, fingerprint, orphaned, unapproved }: Choice,
): boolean =>
  words.length > 0 || [host, account, fingerprint, orphaned, unapproved].some((one) => one !== undefined);

const MOST_CHOSEN = 10_000;

/** One grant, or with --all all that match. */
async function choose(
  words: readonly string[],
  choice: RemoveOptions,
  client: LatchkeyClient,
  world: World,
): Promise<number[]> {
  const {
    host = null,
    account = null,
    fingerprint = null,
    orphaned = false,
    unapproved = false,
    all = false,
  } = choice;
  const filter = { search: words.join(" "), host, account, fingerprint, orphaned, unapproved };
  if (!isChosen(words, choice))
    throw new Refusal(
      "invalid-input",
      "say which grants: words of the row, or --host, --account, --fingerprint, --orphaned, --unapproved",
    );
  const { rows, total } = await listRows(MOST_CHOSEN, (page) => client.access.list({ ...filter, ...page }));
  const undecided = orphaned ? await formatUndecided(client, filter) : null;
  if (undecided !== null) world.err(`latchkey: ${printable(undecided)}`);
  if (total === 0) throw new Refusal("not-found", "no grant matches; latchkey access lists them");
  if (isMoreThan(total, 1) && !all)
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} grants match; narrow the filter, or use --all`,
    );
  if (isMoreThan(total, MOST_CHOSEN))
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} grants match; at most ${formatNumber(MOST_CHOSEN)} can be changed at once`,
    );
  return rows.map(({ id }) => id);
}

type AccountAddress = { host: string; port: number; account: string };

/** From `user@host` or `user@host:port`: hosts by their known names and ports. */
async function readAccountAddresses(
  words: readonly string[],
  client: LatchkeyClient,
): Promise<AccountAddress[]> {
  const addresses: AccountAddress[] = [];
  for (const word of words) addresses.push(await readAccountAddress(word, client));
  return addresses;
}

async function readAccountAddress(word: string, client: LatchkeyClient): Promise<AccountAddress> {
  const at = word.lastIndexOf("@");
  if (at <= 0 || at === word.length - 1)
    throw new Refusal("invalid-input", `${word} is not an account; write user@host`);
  const name = word.slice(at + 1);
  const { rows } = await client.hosts.list({ search: name.replace(/^\[|\]?:\d+$|\]$/g, "") });
  const [host, ...others] = rows.filter((row) =>
    [row.host, `${row.host}:${row.port}`, `[${row.host}]:${row.port}`].includes(name),
  );
  if (!host) throw new Refusal("not-found", `${name} is not a known host; scan it first`);
  if (others.length > 0)
    throw new Refusal("invalid-input", `${name} is known on several ports; write ${word}:PORT`);
  return { host: host.host, port: host.port, account: word.slice(0, at) };
}

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
        return { kind: "disable-account", accounts: await readAccountAddresses(words, client) };
      };
      const isNamed = words.length > 0;
      const watched = { ...options, grace: options.watch ?? WATCH_DAYS };
      finish(await change({ command, kinds: ["disable-account"], isNamed, toRequest }, watched, world));
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
When they are over you decide: latchkey restore, or latchkey runs resume RUN --now, which leaves it disabled for good.

root, and the account that Latchkey logs in as, are never disabled.

Examples:
  latchkey disable deploy@web1
  latchkey disable deploy@web1 deploy@web2 --watch 14 --apply

Exit codes: 0 planned, or disabled and verified, and waiting; 1 paused, or needs attention; 2 refused, nothing was changed;
3 stopped: what failed was rolled back.
With --json: { planId, hash, plan }; with --apply: { run }`;

const RESTORE_HELP = `
Rolls back the run that has disabled them: its password as it was, its expiry, its shell and its grants, each verified. All
accounts of that run are restored; latchkey runs show RUN lists them.

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
  const named = await readAccountAddresses(words, client);
  const found = await findDisabling(named, client);
  const others = found.accounts.filter((one) => !named.some((other) => isSame(one, other)));
  if (others.length > 0)
    throw new Refusal(
      "conflict",
      `run ${found.runId} has disabled ${others.map(formatAccount).join(", ")} as well, and restores all of them: name them, too`,
    );
  if (!options.yes) await confirmRestore(found.accounts, world);
  return found.runId;
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

async function findDisabling(named: readonly AccountAddress[], client: LatchkeyClient) {
  const { rows } = await listRows(undefined, (page) =>
    client.runs.list({ kind: "disable-account", ...page }),
  );
  for (const { id, planId } of rows.filter(({ state }) => OPEN.has(state))) {
    const { plan } = await client.runs.findPlan({ planId });
    const accounts = (plan?.hosts ?? []).flatMap((host) =>
      disabledAccounts(host).map(
        ({ account }): AccountAddress => ({ host: host.host, port: host.port, account }),
      ),
    );
    if (named.some((one) => accounts.some((other) => isSame(one, other)))) return { runId: id, accounts };
  }
  throw new Refusal(
    "not-found",
    `no run that can still be rolled back has disabled ${named.map(formatAccount).join(", ")}; latchkey runs list --kind disable-account lists them`,
  );
}

async function confirmRestore(accounts: readonly AccountAddress[], { promptUser }: World): Promise<void> {
  if (!promptUser) throw new Refusal("conflict", "this is not a terminal: confirm with --yes");
  const reply = await promptUser(
    printable(`Restore ${accounts.map(formatAccount).join(", ")} as before? [y/N] `),
  );
  if (!/^y(es)?$/i.test(reply.trim())) throw new Refusal("conflict", "not confirmed; nothing was changed");
}
