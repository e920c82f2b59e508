import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { ReviewDetail } from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  CSV_HEAD,
  DECISIONS_HEAD,
  MOST_IN_PAGE,
  PACK_STYLE,
  PAGE_END,
  toCsvRow,
  toDecisionRow,
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
Its README.txt has the commands that check it: ssh-keygen -Y verify and sha256sum need no Latchkey. It is of one moment: while a
scan or a run writes, it is refused. Exit code 1: something of the review was changed outside this program, or a signed
answer is not what was signed; the pack says which.

Example:
  latchkey reviews evidence root-2027q1 --out evidence --sign ~/.ssh/id_ed25519

With --json: { folder, files, isSigned, problems }`;

async function writeEvidence(name: string, options: EvidenceOptions, world: World): Promise<number> {
  const { out: folder, sign: key } = options;
  await using app = await openApp(options, world, key === undefined ? "read" : "write");
  const { client } = app;
  await makeEmptyFolder(folder);
  const isSigned = key !== undefined;
  const source = { client, name, isSigned, writtenAt: toInstant(world.now()) };
  const { review, problems, ...pack } = await writeAtOnce(folder, source);
  const names = [...pack.names, "SHA256SUMS"];
  await writeFile(join(folder, "SHA256SUMS"), pack.sums, NEW_FILE);
  if (key !== undefined) {
    const { signature, publicKey } = await client.reviews.sign({ sums: pack.sums, key });
    await writeFile(join(folder, "SHA256SUMS.sig"), signature, NEW_FILE);
    await writeFile(join(folder, "allowed_signers"), writeAllowedSigners(publicKey), NEW_FILE);
    names.push("SHA256SUMS.sig", "allowed_signers");
  }
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

const NEW_FILE = { flag: "wx", mode: 0o600 } as const;

/** So often it is begun anew while others write. */
const MOST_TRIES = 3;

type PackSource = { client: LatchkeyClient; name: string; isSigned: boolean; writtenAt: string };

type WrittenPack = { review: ReviewDetail; problems: string[]; names: string[]; sums: string };

/** All of it is of one moment: what was read while something changed is removed, and read once more. */
export async function writeAtOnce(folder: string, source: PackSource): Promise<WrittenPack> {
  const { client, name } = source;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const review = await client.reviews.find({ review: name });
    const { problems } = await client.reviews.verify({ review: name });
    await using pack = createPack(folder);
    await writeItems(pack, { ...source, review, problems });
    await writeDecisions(pack, source);
    const snapshot = await writeSnapshot(pack, source);
    const answers = await writeAnswers(pack, source);
    const runs = await writeRuns(pack, source, review);
    const { isSigned } = source;
    await pack.write("README.txt", writePackReadme(name, { snapshot, isSigned, answers, runs }));
    const { moment } = await client.reviews.find({ review: name });
    if (moment === review.moment) return { review, problems, names: pack.names(), sums: pack.sums() };
    await pack.remove();
  }
  throw new Refusal(
    "conflict",
    `review ${name} cannot be written as it is at one moment: a scan, a run or somebody writes to the database; write it again once that is over`,
  );
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

  async function begin(name: string) {
    const one = { name, file: await open(join(folder, name), "wx", 0o600), digest: createHash("sha256") };
    begun.push(one);
    return async (text: string | Uint8Array): Promise<void> => {
      one.digest.update(text);
      await one.file.writeFile(text);
    };
  }

  return {
    begin,
    async write(name: string, text: string | Uint8Array): Promise<void> {
      await (await begin(name))(text);
    },
    digestOf: (name: string): string =>
      begun
        .find((one) => one.name === name)
        ?.digest.copy()
        .digest("hex") ?? "",
    /** The digests of all files, as sha256sum prints them. */
    sums: (): string => begun.map(({ name, digest }) => `${digest.copy().digest("hex")}  ${name}\n`).join(""),
    names: (): string[] => begun.map(({ name }) => name),
    async remove(): Promise<void> {
      for (const { name } of begun) await unlink(join(folder, name));
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const { file } of begun) await file.close();
    },
  };
}

type Pack = ReturnType<typeof createPack>;

/** Every page of a list, one after the other. */
async function* pagesOf<Row>(
  read: (page: { after: string | null; limit: number }) => Promise<{ rows: Row[]; next: string | null }>,
): AsyncGenerator<Row[]> {
  let after: string | null = null;
  do {
    const { rows, next } = await read({ after, limit: 1_000 });
    yield rows;
    after = next;
  } while (after !== null);
}

async function writeDecisions(pack: Pack, { client, name: review }: PackSource): Promise<void> {
  const table = await pack.begin("decisions.csv");
  await table(DECISIONS_HEAD);
  for await (const rows of pagesOf((page) => client.reviews.decisions({ review, ...page })))
    await table(rows.map(toDecisionRow).join(""));
}

/** Returns its digest. */
async function writeSnapshot(pack: Pack, { client, name: review }: PackSource): Promise<string> {
  const write = await pack.begin("snapshot.jsonl");
  for (let after: number | null = 0; after !== null; ) {
    const { lines, last }: { lines: string; last: number | null } = await client.reviews.snapshot({
      review,
      after,
    });
    await write(lines);
    after = last;
  }
  return pack.digestOf("snapshot.jsonl");
}

/** The answers that came in files, to the byte; `reviewer` is who has signed it. */
async function writeAnswers(
  pack: Pack,
  { client, name: review }: PackSource,
): Promise<{ file: string; reviewer: string | null }[]> {
  const files = [];
  for await (const rows of pagesOf((page) => client.reviews.answers({ review, ...page })))
    for (const { id, reviewer, source, hasFile } of rows) {
      if (!hasFile) continue;
      const { base64, signature } = await client.reviews.answerFile({ review, answer: id });
      const file = `answer-${id}.json`;
      await pack.write(file, Buffer.from(base64, "base64"));
      if (signature !== null) await pack.write(`${file}.sig`, signature);
      files.push({ file, reviewer: source === "signed" ? reviewer : null });
    }
  return files;
}

/** What its runs did, step by step. */
async function writeRuns(pack: Pack, { client }: PackSource, { plans }: ReviewDetail): Promise<string[]> {
  const files = [];
  for (const { run } of plans) {
    if (run === null) continue;
    const file = `run-${run.id}.json`;
    await pack.write(file, `${printableJson(await client.runs.find({ runId: run.id }), 1)}\n`);
    files.push(file);
  }
  return files;
}

type ItemSource = PackSource & { review: ReviewDetail; problems: readonly string[] };

/** All items a page at a time, however many there are. */
async function writeItems(pack: Pack, { client, review, problems, writtenAt }: ItemSource): Promise<void> {
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
  let count = 0;
  for await (const rows of pagesOf((query) => client.reviews.items({ review: review.name, ...query }))) {
    const shown = rows.slice(0, Math.max(0, MOST_IN_PAGE - count));
    await page(shown.map(writePageItem).join(""));
    await table(rows.map(toCsvRow).join(""));
    const texts = rows.map((item) => printableJson(toJsonItem(item)));
    await json(`${count > 0 && texts.length > 0 ? "," : ""}\n${texts.join(",\n")}`);
    count += rows.length;
  }
  await page(PAGE_END);
  await json("\n]}\n");
}
