import { fileFor } from "./file-for.ts";
import { mergeFiles } from "./merge-files.ts";
import type { FileFacts, HolderFacts, HostFacts, PlanFacts } from "./plan-facts.ts";

/** The facts as plans are made of them: each real file once, and no private half replaced by one that is not here. */
export const prepareFacts = (facts: PlanFacts): PlanFacts =>
  withoutHalf(withNewFiles(withEachFileOnce(facts)));

/** An account that is to get a line and has no file for it gets one, where that is its own first. */
function withNewFiles(facts: PlanFacts): PlanFacts {
  if (facts.wish.kind !== "add-grants") return facts;
  const hosts = facts.hosts.map((host) => ({
    ...host,
    files: host.files.map((file) => makeAnew(host, file)),
  }));
  return { ...facts, hosts };
}

function makeAnew(host: HostFacts, file: FileFacts): FileFacts {
  const lacks = file.stand.kind === "absent" ? file.stand.lacks : undefined;
  const account = host.accounts.find(
    ({ name, uid, consulted }) =>
      file.accounts.includes(name) &&
      uid === lacks?.uid &&
      consulted?.[0] === file.path &&
      fileFor(host, name) === null,
  );
  if (!account || !lacks) return file;
  const { uid, gid, name: owner } = account;
  const { creates, workFolder } = lacks;
  const empty = { kind: "file" as const, bytes: new Uint8Array(), mode: "0600", lockedBy: null, workFolder };
  return { ...file, creates, stand: { ...empty, uid, gid, owner } };
}

const withEachFileOnce = (facts: PlanFacts): PlanFacts => ({
  ...facts,
  hosts: facts.hosts.map((host) => ({ ...host, files: mergeFiles(host.files) })),
});

/** A new key of which only the public half was given can be put in no old one's place. */
function withoutHalf(facts: PlanFacts): PlanFacts {
  if (facts.wish.kind !== "rotate-key" || !facts.given || facts.given.path !== null) return facts;
  const stuck = "the new key's private half is not on this computer: whoever has it puts it there";
  const leave = (holders: readonly HolderFacts[]) =>
    holders.map((holder) => ({ ...holder, stuck: holder.stuck ?? stuck }));
  const hosts = facts.hosts.map((host) => ({ ...host, holders: leave(host.holders) }));
  return { ...facts, here: leave(facts.here), hosts };
}
