import { writePem } from "#codec/pem.ts";
import type { CertificateSeen, Step } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { testPair } from "#net/ssh/hand/pairs/consumers.ts";
import { stagePair } from "#net/ssh/hand/pairs/stage-pair.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { CertificateChange, PairFile } from "#shared/model/pair.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { keyOf, orderOf, sayTail, toolsOf } from "./renewal-place.ts";
import type { RunContext } from "./run-context.ts";
import type { Place } from "./install-pairs.ts";

/** Lays the new files out beside those in use, and has each server try them. Null, or why they are not to be used. */
export async function stageAndTest(place: Place, seen: readonly CertificateSeen[]): Promise<string | null> {
  for (const [nth, change] of place.changes.entries()) {
    // What is in place already was tried before.
    if (seen[nth] !== "old") continue;
    const problem = (await stage(place, change)) ?? (await tryStaged(place, change));
    if (problem !== null) return problem;
  }
  return null;
}

async function stage({ run, step, hand }: Place, change: CertificateChange): Promise<string | null> {
  const { chain, keyId } = orderOf(run, step, change);
  if (chain === null) throw new Error("a certificate is put in place before it was issued");
  const key = keyId === null ? "made-there" : await openKey(run, keyId);
  const { id, files } = change;
  const passphrases = await openStores(run, files);
  const pair = { token: run.token, id, files };
  const staged = await stagePair(hand, { ...pair, chain: Buffer.from(chain), key, passphrases });
  for (const secret of [key, ...passphrases.values()])
    if (secret instanceof Redacted) Redacted.reveal(secret).fill(0);
  if (staged.kind !== "staged") return sayTail(staged, files[0]?.path ?? "a file");
  await toolsOf(run).orders.set(keyOf(run, step, change), { wanted: staged.wanted });
  return null;
}

/** As servers read it. */
async function openKey(run: RunContext, keyId: string): Promise<Redacted<Uint8Array>> {
  const der = Redacted.reveal(await toolsOf(run).vault.open(keyId));
  const pem = Buffer.from(writePem("PRIVATE KEY", der));
  der.fill(0);
  return new Redacted(pem);
}

/** Passphrases of keystores, by the path of their file. */
async function openStores(run: RunContext, files: readonly PairFile[]) {
  const opened = new Map<string, Redacted<Uint8Array>>();
  for (const { path, passphrase } of files)
    if (passphrase !== undefined) opened.set(path, await toolsOf(run).vault.open(passphrase));
  return opened;
}

async function tryStaged({ run, step, hand }: Place, change: CertificateChange): Promise<string | null> {
  const { wanted } = orderOf(run, step, change);
  const { id, files } = change;
  for (const consumer of change.consumers) {
    const tried = await testPair(hand, { token: run.token, id, files, wanted: wanted ?? [], consumer });
    if (!("said" in tried)) return sayTail(tried, files[0]?.path ?? "a file");
    switch (tried.kind) {
      case "passed":
        await run.journal.note(step.ordinal, `${consumer.server} takes the new files`);
        break;
      case "untested":
        await run.journal.note(step.ordinal, `${consumer.server} could not try the new files: ${tried.said}`);
        break;
      case "failed":
        return `${consumer.server} does not take the new files: ${tried.said}`;
      default:
        assertNever(tried);
    }
  }
  return null;
}
