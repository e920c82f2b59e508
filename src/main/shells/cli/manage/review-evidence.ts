import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { ReviewDetail } from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  CSV_HEAD,
  MOST_IN_PAGE,
  PACK_STYLE,
  PAGE_END,
  toCsvRow,
  toJsonHead,
  toJsonItem,
  writeAllowedSigners,
  writePackReadme,
  writePageHead,
  writePageItem,
} from "#shared/text/access/evidence-pack.ts";
import { formatCount } from "#shared/text/count.ts";
import { printable, printableJson } from "#shared/text/untrusted-text.ts";
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
      finish(await writeEvidence(name, command.optsWithGlobals<EvidenceOptions>(), world)),
    );
}

const HELP = `
Its README.txt has the two commands that check it: ssh-keygen -Y verify and sha256sum -c need no Latchkey. Exit code 1:
an item or an answer has another digest than it was stored with; the pack says which.

Example:
  latchkey reviews evidence root-2027q1 --out evidence --sign ~/.ssh/id_ed25519

With --json: { folder, files, isSigned, problems }`;

async function writeEvidence(name: string, options: EvidenceOptions, world: World): Promise<number> {
  const { out: folder, sign: key } = options;
  await using app = await openApp(options, world, key === undefined ? "read" : "write");
  const { client } = app;
  const review = await client.reviews.find({ review: name });
  const { problems } = await client.reviews.verify({ review: name });
  await makeEmptyFolder(folder);
  await using pack = createPack(folder);
  await writeItems(pack, { client, review, problems, writtenAt: toInstant(world.now()) });
  const answers = await writeAnswers(pack, client, review);
  await pack.write("README.txt", writePackReadme(name, { isSigned: key !== undefined, answers }));
  const sums = await pack.finish();
  if (key !== undefined) {
    const { signature, publicKey } = await client.reviews.sign({ sums, key });
    await pack.writeBeside("SHA256SUMS.sig", signature);
    await pack.writeBeside("allowed_signers", writeAllowedSigners(publicKey));
  }
  const isSigned = key !== undefined;
  if (options.json) printJson({ folder, files: pack.names(), isSigned, problems }, world);
  else {
    const how = isSigned ? "signed" : "not signed: --sign KEY signs it";
    world.out(
      printable(
        `${folder}: ${formatCount(review.items, "item")} in ${formatCount(pack.names().length, "file")}, ${how}`,
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

/** The files of a pack, each with its digest as it is written. */
function createPack(folder: string) {
  const begun: { name: string; file: FileHandle; digest: Hash }[] = [];
  const beside: string[] = [];

  async function begin(name: string) {
    const one = { name, file: await open(join(folder, name), "wx", 0o600), digest: createHash("sha256") };
    begun.push(one);
    return async (text: string): Promise<void> => {
      one.digest.update(text);
      await one.file.writeFile(text);
    };
  }

  async function writeBeside(name: string, text: string): Promise<void> {
    await using file = await open(join(folder, name), "wx", 0o600);
    await file.writeFile(text);
    beside.push(name);
  }

  return {
    begin,
    writeBeside,
    async write(name: string, text: string): Promise<void> {
      await (await begin(name))(text);
    },
    /** Writes the digests of all files, as sha256sum does, and returns them. */
    async finish(): Promise<string> {
      const sums = begun.map(({ name, digest }) => `${digest.digest("hex")}  ${name}\n`).join("");
      await writeBeside("SHA256SUMS", sums);
      return sums;
    },
    names: (): string[] => [...begun.map(({ name }) => name), ...beside],
    async [Symbol.asyncDispose](): Promise<void> {
      for (const { file } of begun) await file.close();
    },
  };
}

/** The answers that came in files, to the byte; returns those that reviewers have signed. */
async function writeAnswers(
  pack: ReturnType<typeof createPack>,
  client: LatchkeyClient,
  { name, answers }: ReviewDetail,
): Promise<{ file: string; reviewer: string }[]> {
  const signed = [];
  for (const { id, reviewer, source } of answers) {
    if (source === "typed") continue;
    const { base64, signature } = await client.reviews.answerFile({ review: name, answer: id });
    const file = `answer-${id}.json`;
    await pack.write(file, Buffer.from(base64, "base64").toString("utf8"));
    if (signature === null) continue;
    await pack.write(`${file}.sig`, signature);
    if (source === "signed") signed.push({ file, reviewer });
  }
  return signed;
}

type PackSource = {
  client: LatchkeyClient;
  review: ReviewDetail;
  problems: readonly string[];
  writtenAt: string;
};

/** All items a page at a time, however many there are. */
async function writeItems(
  pack: ReturnType<typeof createPack>,
  { client, review, problems, writtenAt }: PackSource,
): Promise<void> {
  const [page, table, json] = [
    await pack.begin("report.html"),
    await pack.begin("items.csv"),
    await pack.begin("review.json"),
  ];
  const styleDigest = createHash("sha256").update(PACK_STYLE).digest("base64");
  await page(writePageHead({ review, problems, writtenAt, styleDigest }));
  await table(CSV_HEAD);
  const head = printableJson(toJsonHead(review, problems, writtenAt));
  await json(`${head.slice(0, -1)},"items":[`);
  let after: string | null = null;
  let count = 0;
  do {
    const { rows, next } = await client.reviews.items({ review: review.name, after, limit: 1_000 });
    const shown = rows.slice(0, Math.max(0, MOST_IN_PAGE - count));
    await page(shown.map(writePageItem).join(""));
    await table(rows.map(toCsvRow).join(""));
    const texts = rows.map((item) => printableJson(toJsonItem(item)));
    await json(`${count > 0 && texts.length > 0 ? "," : ""}\n${texts.join(",\n")}`);
    count += rows.length;
    after = next;
  } while (after !== null);
  await page(PAGE_END);
  await json("\n]}\n");
}
