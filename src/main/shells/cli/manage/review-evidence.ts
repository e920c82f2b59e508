import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { PACK_STYLE } from "#shared/text/access/evidence-pack.ts";
import { type PackFiles, writeEvidence } from "#shared/text/access/write-evidence.ts";
import { formatCount } from "#shared/text/count.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson } from "#shells/cli/options.ts";
import type { Session, World } from "#shells/cli/session.ts";

type EvidenceOptions = CommonOptions & { out: string; sign?: string };

export function addReviewEvidence(reviews: Command, { world, finish }: Session): void {
  reviews
    .command("evidence <name>")
    .description("write what was reviewed, decided and done into a folder, for an auditor")
    .requiredOption("--out <folder>", "the folder, which is new or empty")
    .option("--sign <key>", "sign it with this private key, or with the agent's key of this .pub file")
    .addHelpText("after", HELP)
    .action(async (name: string, _: object, command: Command) =>
      finish(await writeFolder(name, command.optsWithGlobals<EvidenceOptions>(), world)),
    );
}

const HELP = `
Its README.txt has the commands that check it: ssh-keygen -Y verify and sha256sum need no Latchkey. It is of one moment: while a
scan or a run writes, it is refused. Exit code 1: something of the review was changed outside this program, or a signed
answer is not what was signed; the pack says which.

Example:
  latchkey reviews evidence root-2027q1 --out evidence --sign ~/.ssh/id_ed25519

With --json: { folder, files, isSigned, problems }`;

async function writeFolder(name: string, options: EvidenceOptions, world: World): Promise<number> {
  const { out: folder, sign: key = null } = options;
  await using app = await openApp(options, world, key === null ? "read" : "write");
  await makeEmptyFolder(folder);
  const styleDigest = createHash("sha256").update(PACK_STYLE).digest("base64");
  const source = { client: app.client, name, key, writtenAt: toInstant(world.now()), styleDigest };
  await using files = createFolderFiles(folder);
  const { review, problems, names } = await writeEvidence(files, source);
  const isSigned = key !== null;
  if (options.json) printJson({ folder, files: names, isSigned, problems }, world);
  else {
    const how = isSigned ? "signed" : "not signed: --sign KEY signs it";
    world.out(
      printable(
        `${folder}: ${formatCount(review.items, "item")} in ${formatCount(names.length, "file")}, ${how}`,
      ),
    );
  }
  for (const problem of problems) world.err(`latchkey: ${printable(problem)}`);
  return problems.length > 0 ? 1 : 0;
}

/** Nothing that lies there already becomes a part of the evidence. */
async function makeEmptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new Refusal("invalid-input", `${folder} is not empty; name a new folder for the evidence`);
}

/** The files of a pack in a folder, each with its digest as it is written. */
export function createFolderFiles(folder: string): PackFiles & AsyncDisposable {
  const begun: { path: string; file: FileHandle }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const { file } of begun) await file.close();
  };
  return {
    async begin(name) {
      const path = join(folder, name);
      const file = await open(path, "wx", 0o600);
      begun.push({ path, file });
      const digest = createHash("sha256");
      return {
        async write(part) {
          const bytes = typeof part === "string" ? Buffer.from(part) : Buffer.from(part.base64, "base64");
          digest.update(bytes);
          await file.writeFile(bytes);
        },
        digest: async () => digest.copy().digest("hex"),
      };
    },
    async remove() {
      await closeAll();
      for (const { path } of begun.splice(0)) await unlink(path);
    },
    [Symbol.asyncDispose]: closeAll,
  };
}
