import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Ended, startChild } from "./child.ts";

type Child = { script: string; env: Readonly<Record<string, string>> };

/** A moment at which a child is killed: before its nth call of one kind is made. */
export type Moment = { call: string; nth: number };

/** The calls by which a process changes files for good, and those by which it makes sure that it has. */
const CALLS = ["pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "link", "unlink"];

const strace = (...args: string[]): string[] => [
  "strace",
  "-f",
  "-qq",
  "-e",
  `trace=${CALLS.join(",")}`,
  ...args,
];

/** Runs a child to its end and lists every moment at which it could have been killed, in order. */
export async function findMoments(child: Child, folder: string): Promise<Moment[]> {
  const file = join(folder, "calls");
  const { code, complaints } = await startChild({ ...child, under: strace("-o", file) }).ended;
  if (code !== 0) throw new Error(`the child failed: ${complaints}`);
  const calls = (await readFile(file, "utf8")).matchAll(/^(\d+) +(\w+)\(/gm);
  // Its first thread alone writes the database; strace counts for each thread and call.
  const counts = new Map<string, number>();
  let first: string | undefined;
  const moments: Moment[] = [];
  for (const [, thread, call = ""] of calls) {
    first ??= thread;
    if (thread !== first) continue;
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    moments.push({ call, nth });
  }
  return moments;
}

/** So many of the moments, evenly, with the first and the last. */
export const pick = (moments: readonly Moment[], count: number): Moment[] =>
  moments.length <= count
    ? [...moments]
    : Array.from({ length: count }, (_, index) =>
        Math.round((index * (moments.length - 1)) / (count - 1)),
      ).flatMap((index) => moments[index] ?? []);

/** Kills a child at that moment, as a power switch does to a process. */
export async function killAt({ call, nth }: Moment, child: Child): Promise<Ended> {
  const kill = ["-e", `inject=${call}:signal=SIGKILL:when=${nth}`, "-o", "/dev/null"];
  return await startChild({ ...child, under: strace(...kill) }).ended;
}
