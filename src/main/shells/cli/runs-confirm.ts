import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { CHALLENGE_NAMESPACE, type RunDetail, type RunId } from "#shared/model/run.ts";
import { sayAccount } from "#shared/text/account.ts";
import { printable } from "#shared/text/printable.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { readFileOrRefuse } from "./read-file.ts";
import { readRunId } from "./run-id.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";

type ChallengeOptions = CommonOptions & { out?: string };
type ConfirmOptions = CommonOptions & { signature?: string; approve?: string[] };

const MOST_BYTES = 65_536;

/** What stands in for a login with a new key that is in somebody else's hands. */
export function addRunsConfirm(runs: Command, world: World): void {
  runs
    .command("challenge <run>")
    .description("what the holder of a run's new key signs, to show that they have it")
    .option("--out <file>", "write it to this file")
    .addHelpText("after", "\nWith --json: { challenge, namespace }")
    .action((id: string, _: object, command: Command) =>
      challenge(id, command.optsWithGlobals<ChallengeOptions>(), world),
    );
  runs
    .command("confirm <run>")
    .description("show that a run's new key is in its holder's hands, or approve it account by account")
    .option("--signature <file>", "the signature of the run's challenge by the new key")
    .option(
      "--approve <user@host>",
      "take it upon yourself that the new key lets in there; may be given again",
      collect,
    )
    .addHelpText("after", HELP)
    .action((id: string, _: object, command: Command) =>
      confirm(id, command.optsWithGlobals<ConfirmOptions>(), world),
    );
}

const HELP = `
For a new key that is neither here nor on a host of yours, where no journal tells of a login with it. A signature is
checked, and each host is then asked whether its sshd takes the key. --yes stands for no approval: each account is
named. Then latchkey runs resume goes on.

Example:
  latchkey runs challenge 7 --out challenge.txt
  ssh-keygen -Y sign -n ${CHALLENGE_NAMESPACE} -f KEY challenge.txt
  latchkey runs confirm 7 --signature challenge.txt.sig

With --json: { run }`;

async function challenge(text: string, options: ChallengeOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = openApp(options, world, "read");
  const { confirmation } = await app.client.runbooks.find({ runId });
  if (!confirmation) throw new Refusal("conflict", `nothing of run ${runId} is to be confirmed`);
  const { challenge: said } = confirmation;
  if (said === null)
    throw new Refusal(
      "conflict",
      `run ${runId} has no key that logs in by itself; latchkey runs confirm ${runId} --approve names the accounts`,
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
  for (const one of approvals) world.out(printable(`approved: ${sayAccount(one)}`));
  world.out(`go on: latchkey runs resume ${runId}`);
}

async function readSignature(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes === null) throw new Refusal("too-many", `${path} is larger than 64 KiB; no signature is`);
  return Buffer.from(bytes).toString("utf8");
}

/** Each as the run writes it, `user@host` where its port is 22. */
function findNamed({ id, confirmation }: RunDetail & { id: RunId }, words: readonly string[]) {
  const accounts = confirmation?.accounts ?? [];
  return words.map((word) => {
    const found = accounts.find((one) => [sayAccount(one), `${sayAccount(one)}:${one.port}`].includes(word));
    if (found) return { host: found.host, port: found.port, account: found.account };
    const known = accounts.map(sayAccount).join(", ");
    throw new Refusal(
      "not-found",
      `run ${id} waits for nothing of ${word}${known && `; it waits for ${known}`}`,
    );
  });
}
