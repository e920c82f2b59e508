import { diffLines } from "#domain/rotation/bytes/diff-lines.ts";
import { applyEdits } from "#domain/rotation/bytes/edit.ts";
import { fillStages } from "#domain/rotation/bytes/stages.ts";
import { addVerification } from "#domain/rotation/plan/add-proof.ts";
import { chooseVerification } from "#domain/rotation/plan/choose-proof.ts";
import { type Aim, type Draft, makeCheck, type OpenFile } from "#domain/rotation/plan/draft.ts";
import { formatAfter } from "#domain/rotation/plan/draft-file.ts";
import { findObstacle } from "#domain/rotation/plan/find-obstacle.ts";
import type { PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import { readersOf } from "#domain/rotation/plan/readers-of.ts";
import { hashBytes } from "#domain/rotation/run/judge-file.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { isAuthority } from "#domain/ssh/deciders/lines.ts";
import { type FilePlan, HOLE } from "#shared/model/plan.ts";
import { EXAMPLE_KEY } from "./example-key.ts";
import { numbersOf } from "./numbers-of.ts";

type Asked = { facts: PlanFacts; aim: Aim; draft: Draft };

/**
 * Puts a file of a plan from elsewhere into the draft of its host, shown as it is now and proved as it can be now; what is
 * in the way is a check that refuses. Answers with what the plan says of it that is not so.
 */
export function recheckFile(asked: Asked, file: FilePlan): string | null {
  const { draft, aim } = asked;
  const host = draft.facts;
  const found = host.files.find(({ path, realPath }) => (realPath ?? path) === file.path);
  const stop = (id: string, why: string): null => {
    refuse(draft, file, { id, why });
    draft.files.push(file);
    return null;
  };
  if (!found || found.stand.kind === "absent") return stop("file", `${file.path} is not there any more`);
  if (found.creates !== file.creates) return stop("changed", `${file.path} is there by now`);
  const { stand } = found;
  if (stand.bytes === null) return stop("file", `${file.path} cannot be read: ${formatWhy(stand)}`);
  if (hashBytes(stand.bytes) !== file.before)
    return stop("changed", `${file.path} was changed since the plan was made`);
  const open: OpenFile = { ...found, stand, bytes: stand.bytes };
  const flaw = findLie(open, file);
  if (flaw) return flaw;
  const obstacle = findObstacle(host, open, numbersOf(open.bytes, file.removed ?? []));
  if (obstacle) return stop(obstacle.id, obstacle.why);
  if (readersOf(aim, host, found).length === 0) return stop("file", `sshd does not read ${file.path}`);
  return keep(asked, open, file);
}

function refuse(draft: Draft, { account }: FilePlan, { id, why }: { id: string; why: string }): void {
  draft.checks.push(makeCheck("refused", id, { host: draft.facts, account }, `${why}; plan it again`));
}

const formatWhy = (stand: OpenFile["stand"]): string => (stand.kind === "refused" ? stand.why : "");

/** Whether its bytes come to what the plan shows of them. */
function findLie({ bytes }: OpenFile, file: FilePlan): string | null {
  const stages = fillStages(file, HOLE);
  const isFitting = stages && applyEdits(bytes, stages.added) && applyEdits(bytes, stages.removed);
  if (!isFitting) return `${file.path} has other bytes than the plan would take from it`;
  return JSON.stringify(diffLines(bytes, file)) === JSON.stringify(file.hunks)
    ? null
    : `${file.path} would be changed otherwise than the plan shows`;
}

function keep({ facts, aim, draft }: Asked, open: OpenFile, file: FilePlan): null {
  const host = draft.facts;
  const { stand, bytes } = open;
  if (stand.kind !== "file") return null;
  const lines = changedLines(bytes, file);
  const proved = { options: lines[0]?.options ?? "", isAuthority: lines.some(isAuthority) };
  const proofs = readersOf(aim, host, open).map((account) => ({
    account: account.name,
    proof: chooseVerification(facts, aim, { host, account, file: open }, proved),
  }));
  for (const proof of proofs) addVerification(draft, proof);
  const without = proofs.map(({ proof }) => proof).find((proof) => proof.kind === "none");
  if (without && aim.proves === "new" && file.removed !== null)
    refuse(draft, file, {
      id: "no-proof",
      why: `nothing can prove the new key (${without.why}), and the plan removes the old one from ${file.path}`,
    });
  const [account = file.account, ...others] = open.accounts;
  const { uid, gid, owner, mode } = stand;
  const { others: _, after: __, ...rest } = file;
  draft.isAuthority ||= proved.isAuthority || aim.proves === "log";
  draft.files.push({
    ...rest,
    account,
    uid,
    gid,
    owner,
    mode,
    sizeBytes: bytes.length,
    ...(others.length > 0 ? { others } : {}),
    ...formatAfter(bytes, file, aim.newKey?.kind === "given" ? aim.newKey.line : null),
  });
  return null;
}

/** The lines that are new, as sshd reads them; of a removal, those that go. */
function changedLines(bytes: Uint8Array, file: FilePlan) {
  const numbers = numbersOf(bytes, file.removed ?? []);
  const gone = readAuthorizedKeys(bytes).filter(({ line }) => numbers.includes(line));
  const edits = fillStages(file, EXAMPLE_KEY)?.removed ?? [];
  const come = readAuthorizedKeys(Buffer.concat(edits.flatMap(({ inserted }) => [inserted, NEWLINE])));
  return come.length > 0 ? come : gone;
}

const NEWLINE = Buffer.from("\n");
