import type { RecordedDecision, ReviewAnswer, ReviewDetail, ReviewItem } from "../../model/access/review.ts";
import type { Instant } from "../../model/instant.ts";
import { Refusal } from "../../model/refusal.ts";
import type { RunId } from "../../model/runs/run.ts";
import { printableJson } from "../untrusted-text.ts";
import {
  CSV_HEAD,
  DECISIONS_HEAD,
  MOST_IN_PAGE,
  PAGE_END,
  toCsvRow,
  toDecisionRow,
  toJsonHead,
  toJsonItem,
  writeAllowedSigners,
  writePackReadme,
  writePageHead,
  writePageItem,
} from "./evidence-pack.ts";

/** The evidence of a review, written by whatever shell through the contract alone. */

type Page<Row> = (query: {
  review: string;
  after: string | null;
  limit: number;
}) => Promise<{ rows: Row[]; next: string | null }>;

/** What is asked of the contract. */
export type EvidenceClient = {
  reviews: {
    find(query: { review: string }): Promise<ReviewDetail>;
    verify(query: { review: string }): Promise<{ problems: string[] }>;
    items: Page<ReviewItem>;
    decisions: Page<RecordedDecision>;
    answers: Page<ReviewAnswer>;
    answerFile(query: {
      review: string;
      answer: number;
    }): Promise<{ base64: string; signature: string | null }>;
    snapshot(query: { review: string; after: number }): Promise<{ lines: string; last: number | null }>;
    sign(command: { sums: string; key: string }): Promise<{ signature: string; publicKey: string }>;
  };
  runs: { find(query: { runId: RunId }): Promise<unknown> };
};

export type PackPart = string | { base64: string };

export type PackFile = {
  write(part: PackPart): Promise<void>;
  /** SHA-256 of all that was written, in hexadecimal. */
  digest(): Promise<string>;
};

/** Where the files of a pack are written. */
export type PackFiles = {
  begin(name: string): Promise<PackFile>;
  /** What was begun is not there any more. */
  remove(): Promise<void>;
};

export type PackSource = {
  client: EvidenceClient;
  name: string;
  /** A private key of this computer, or the `.pub` file of one that the agent has. Null: it is not signed. */
  key: string | null;
  writtenAt: Instant;
  /** SHA-256 of `PACK_STYLE`, in base64. */
  styleDigest: string;
};

/** `problems`: what was changed outside this program, a sentence each. */
export type WrittenPack = { review: ReviewDetail; problems: string[]; names: string[] };

/** So often it is begun anew while others write. */
const MOST_TRIES = 3;

/**
 * All of it is of one moment: what was read while something changed is removed, and read once more. Rejects with a
 * `Refusal` where no moment is quiet (`conflict`) or the key does not sign (`invalid-input`), and leaves no file then.
 */
export async function writeEvidence(files: PackFiles, source: PackSource): Promise<WrittenPack> {
  const { name } = source;
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const written = await writeOnce(createPack(files), source);
      if (written) return written;
      await files.remove();
    }
  } catch (error) {
    await files.remove();
    throw error;
  }
  throw new Refusal(
    "conflict",
    `review ${name} cannot be written as it is at one moment: a scan, a run or somebody writes to the database; write it again once that is over`,
  );
}

/** Null where something changed meanwhile. */
async function writeOnce(pack: Pack, source: PackSource): Promise<WrittenPack | null> {
  const { client, name, key } = source;
  const review = await client.reviews.find({ review: name });
  const { problems } = await client.reviews.verify({ review: name });
  await writeItems(pack, { ...source, review, problems });
  await writeDecisions(pack, source);
  const snapshot = await writeSnapshot(pack, source);
  const answers = await writeAnswers(pack, source);
  const runs = await writeRuns(pack, source, review);
  await pack.write("README.txt", writePackReadme(name, { snapshot, isSigned: key !== null, answers, runs }));
  const { moment } = await client.reviews.find({ review: name });
  if (moment !== review.moment) return null;
  await writeSums(pack, source);
  return { review, problems, names: pack.names() };
}

/** The files of a pack, in the order in which they were begun. */
function createPack(files: PackFiles) {
  const begun: { name: string; file: PackFile }[] = [];

  async function begin(name: string): Promise<PackFile> {
    const file = await files.begin(name);
    begun.push({ name, file });
    return file;
  }

  return {
    begin,
    write: async (name: string, part: PackPart): Promise<void> => (await begin(name)).write(part),
    names: (): string[] => begun.map(({ name }) => name),
    /** The digests of all files, as sha256sum prints them. */
    async sums(): Promise<string> {
      const lines = begun.map(async ({ name, file }) => `${await file.digest()}  ${name}\n`);
      return (await Promise.all(lines)).join("");
    },
  };
}

type Pack = ReturnType<typeof createPack>;

/** The digests, and whose signature is over them. */
async function writeSums(pack: Pack, { client, key }: PackSource): Promise<void> {
  const sums = await pack.sums();
  await pack.write("SHA256SUMS", sums);
  if (key === null) return;
  const { signature, publicKey } = await client.reviews.sign({ sums, key });
  await pack.write("SHA256SUMS.sig", signature);
  await pack.write("allowed_signers", writeAllowedSigners(publicKey));
}

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
  await table.write(DECISIONS_HEAD);
  for await (const rows of pagesOf((page) => client.reviews.decisions({ review, ...page })))
    await table.write(rows.map(toDecisionRow).join(""));
}

/** Returns its digest. */
async function writeSnapshot(pack: Pack, { client, name: review }: PackSource): Promise<string> {
  const file = await pack.begin("snapshot.jsonl");
  for (let after: number | null = 0; after !== null; ) {
    const { lines, last }: { lines: string; last: number | null } = await client.reviews.snapshot({
      review,
      after,
    });
    await file.write(lines);
    after = last;
  }
  return file.digest();
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
      await pack.write(file, { base64 });
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
async function writeItems(pack: Pack, source: ItemSource): Promise<void> {
  const { client, review, problems, writtenAt, styleDigest } = source;
  const [page, table, json] = [
    await pack.begin("report.html"),
    await pack.begin("items.csv"),
    await pack.begin("review.json"),
  ];
  await page.write(writePageHead({ review, problems, writtenAt, styleDigest }));
  await table.write(CSV_HEAD);
  const head = printableJson(toJsonHead(review, problems, writtenAt));
  await json.write(`${head.slice(0, -1)},"items":[`);
  let count = 0;
  for await (const rows of pagesOf((query) => client.reviews.items({ review: review.name, ...query }))) {
    const shown = rows.slice(0, Math.max(0, MOST_IN_PAGE - count));
    await page.write(shown.map(writePageItem).join(""));
    await table.write(rows.map(toCsvRow).join(""));
    const texts = rows.map((item) => printableJson(toJsonItem(item)));
    await json.write(`${count > 0 && texts.length > 0 ? "," : ""}\n${texts.join(",\n")}`);
    count += rows.length;
  }
  await page.write(PAGE_END);
  await json.write("\n]}\n");
}
