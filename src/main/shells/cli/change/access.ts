/** Commands that change who may log in: grants of keys. */
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatAmount, formatNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { listRows } from "#shells/cli/print-table.ts";
import { formatUndecided } from "#shells/cli/report/access.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import { CHANGE, type Session, type World } from "#shells/cli/session.ts";
import { change } from "./rotate-apply.ts";
import { addAccessOptions, CHANGE_ENDS, type ChangeOptions, readKeyText } from "./rotate-options.ts";

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

export type AccountAddress = { host: string; port: number; account: string };

/** From `user@host` or `user@host:port`: hosts by their known names and ports. */
export async function readAccountAddresses(
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
