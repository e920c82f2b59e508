import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { CHALLENGE_NAMESPACE, type RunDetail, type RunId } from "#shared/model/run.ts";
import { formatAccount } from "#shared/text/account.ts";
import { printable } from "#shared/text/printable.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { readFileOrRefuse } from "./read-file.ts";
import { readRunId } from "./run-id.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";

type ChallengeOptions = CommonOptions & { out?: string };
type ConfirmOptions = CommonOptions & { signature?: string; approve?: string[] };

const MOST_BYTES = 65_536;

/** What replaces the login with a new key that somebody else has. */
export function addRunsConfirm(runs: Command, world: World): void {
  runs
    .command("challenge <run>")
    .description("print the challenge that the owner of a new key signs")
    .option("--out <file>", "write it to this file")
    .addHelpText("after", "\nWith --json: { challenge, namespace }")
    .action((id: string, _: object, command: Command) =>
      challenge(id, command.optsWithGlobals<ChallengeOptions>(), world),
    );
  runs
    .command("confirm <run>")
    .description("confirm by a signature that its owner has the new key, or approve accounts")
    .option("--signature <file>", "the signature of the challenge, by the new key")
    .option(
      "--approve <user@host>",
      "accept without verification that the new key works there (repeatable)",
      collect,
    )
    .addHelpText("after", HELP)
    .action((id: string, _: object, command: Command) =>
      confirm(id, command.optsWithGlobals<ConfirmOptions>(), world),
    );
}

const HELP = `
For a new key whose private key is neither here nor on a scanned host, and that no log shows a login with. Latchkey
checks the signature, and then asks each host whether its sshd accepts the key. --yes approves no account: name each
one. Then continue with latchkey runs resume.

Example:
  latchkey runs challenge 7 --out challenge.txt
  ssh-keygen -Y sign -n ${CHALLENGE_NAMESPACE} -f KEY challenge.txt
  latchkey runs confirm 7 --signature challenge.txt.sig

With --json: { run }`;

async function challenge(text: string, options: ChallengeOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = openApp(options, world, "read");
  const { confirmation } = await app.client.runbooks.find({ runId });
  if (!confirmation) throw new Refusal("conflict", `run ${runId} waits for no confirmation`);
  const { challenge: said } = confirmation;
  if (said === null)
    throw new Refusal(
      "conflict",
      `run ${runId} rotates a CA key, which does not log in; approve the accounts: latchkey runs confirm ${runId} --approve USER@HOST`,
    );
  if (options.json) return printJson({ challenge: said, namespace: CHALLENGE_NAMESPACE }, world);
  if (options.out === undefined) return world.out(said.trimEnd());
  await writeFile(options.out, said);
  world.out(printable(`sign it: ssh-keygen -Y sign -n ${CHALLENGE_NAMESPACE} -f KEY ${options.out}`));
  world.out(printable(`then: latchkey runs confirm ${runId} --signature ${options.out}.sig`));
}

async function confirm(text: string, options: ConfirmOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  const signature = await readSignature(options.signature);
  await using app = openApp(options, world, "write");
  const { runbooks } = app.client;
  const approvals = findNamed(await runbooks.find({ runId }), options.approve ?? []);
  await runbooks.confirm({ runId, signature, approvals });
  const run = await runbooks.find({ runId });
  if (options.json) return printJson({ run }, world);
  if (signature !== null) world.out("the signature is by the new key");
  for (const one of approvals) world.out(printable(`approved: ${formatAccount(one)}`));
  world.out(`go on: latchkey runs resume ${runId}`);
}

async function readSignature(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 64 KiB, too large for a signature`);
  return Buffer.from(bytes).toString("utf8");
}

/** Each as the run writes it, `user@host` where its port is 22. */
function findNamed({ id, confirmation }: RunDetail & { id: RunId }, words: readonly string[]) {
  const accounts = confirmation?.accounts ?? [];
  return words.map((word) => {
    const found = accounts.find((one) =>
      [formatAccount(one), `${formatAccount(one)}:${one.port}`].includes(word),
    );
    if (found) return { host: found.host, port: found.port, account: found.account };
    const known = accounts.map(formatAccount).join(", ");
    throw new Refusal(
      "not-found",
      `run ${id} does not wait for ${word}${known && `; it waits for ${known}`}`,
    );
  });
}
