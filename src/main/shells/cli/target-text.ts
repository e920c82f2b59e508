import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { BrokenEntry, TargetText } from "#shared/contract/targets.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { StartTls } from "#shared/model/starttls.ts";
import { TransportRequest } from "#shared/model/transport.ts";
import { formatNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { readFileOrRefuse } from "./read-file.ts";
import type { World } from "./world.ts";

export type TargetOptions = {
  from?: string;
  fromSshConfig?: boolean;
  fromKnownHosts?: boolean;
  sshConfig?: string;
  ssh?: boolean;
  tls?: boolean;
  starttls?: StartTls;
  serverName?: string[];
};

/** The options by which a command takes targets. */
export const addTargetOptions = (command: Command): Command =>
  command
    .option("--from <file>", "read targets from a file (-: stdin); invalid ones are reported")
    .option("--from-ssh-config", "every host in ~/.ssh/config without a pattern")
    .option("--from-known-hosts", "every name in known_hosts that is not hashed")
    .option("--ssh-config <file>", "use this ssh_config, like ssh -F; none: use no file")
    .option("--ssh", "only by SSH, whatever the port")
    .option("--tls", "only by TLS, whatever the port")
    .addOption(startTlsOption())
    .option("--server-name <name>", "server name (SNI) for targets that have none (repeatable)", collect);

/** For an option that may be given again. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** What is spoken before TLS. */
export const startTlsOption = () =>
  new Option("--starttls <protocol>", "STARTTLS protocol for endpoints whose target names none").choices(
    StartTls.options,
  );

/** What carries the logins. */
export const transportOption = () =>
  new Option(
    "--transport <program>",
    "log in with the built-in ssh2 or the system's ssh; auto: whichever a host needs",
  ).choices(TransportRequest.options);

const MOST_BYTES = 8 * 1024 * 1024;

/** The targets that a command names by its arguments and options, as the contract takes them. */
export async function readTargetText(
  words: readonly string[],
  options: TargetOptions,
  world: World,
): Promise<TargetText> {
  const { from, ssh, tls, starttls = null } = options;
  if (ssh && tls)
    throw new Refusal("invalid-input", "--ssh and --tls exclude each other; without them both are scanned");
  if (ssh && starttls)
    throw new Refusal("invalid-input", "--ssh and --starttls exclude each other: SSH has no TLS");
  // The file comes first, so that what is said of its lines counts them as an editor does.
  const text = [...(from === undefined ? [] : [await readList(from, world)]), words.join(" ")]
    .join("\n")
    .trimEnd();
  return {
    text,
    only: ssh ? "ssh" : tls ? "tls" : null,
    protocol: starttls,
    serverNames: options.serverName ?? [],
    sources: [
      ...(options.fromSshConfig ? ["ssh-config" as const] : []),
      ...(options.fromKnownHosts ? ["known-hosts" as const] : []),
    ],
    sshConfigFile: options.sshConfig ?? null,
    skipBroken: from !== undefined,
  };
}

/** Nothing at all means every remembered target to the contract, which nobody who names a list can have meant. */
export function requireTargets(given: TargetText): TargetText {
  if (given.sources.length > 0 || given.text.replace(/#.*/g, "").trim()) return given;
  throw new Refusal(
    "invalid-input",
    "name a target, such as web1.example or 10.0.0.0/24, or a list with --from",
  );
}

/** A list may have lines that cannot be read; what is typed beside it may not. */
export async function refuseBrokenWords(
  words: readonly string[],
  { skipBroken, ...given }: TargetText,
  { targets }: LatchkeyClient,
): Promise<void> {
  if (skipBroken && words.length > 0)
    await targets.preview({ ...given, text: words.join(" "), sources: [], skipBroken: false });
}

/** Each word and line that could not be read, for stderr; none for none. */
export function formatBroken(broken: readonly BrokenEntry[]): string[] {
  if (broken.length === 0) return [];
  const head =
    broken.length === 1
      ? "latchkey: this target is invalid, and is left out:"
      : `latchkey: these ${formatNumber(broken.length)} targets are invalid, and are left out:`;
  return [
    head,
    ...broken.map(({ where, text, why }) =>
      printable(`  ${where}: ${text === "" ? "it" : `"${text}"`} ${why}`),
    ),
  ];
}

/** What of ssh_config is not followed, for stderr. */
export const formatNotes = (notes: readonly string[]): string[] =>
  notes.map((note) => printable(`latchkey: note: ${note}`));

async function readList(from: string, world: World): Promise<string> {
  const bytes = from === "-" ? await world.readInput(MOST_BYTES) : await readFileOrRefuse(from, MOST_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${from} is larger than 8 MiB, too large for a list of targets`);
  return Buffer.from(bytes).toString("utf8");
}
