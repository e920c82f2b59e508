/** What came of a request about a challenge that was not done, for a person. */
import type { HandAnswer, Lost } from "#net/ssh/session/hand.ts";
import { isHostRefusal } from "#shared/model/host-refusal.ts";
import {
  formatRefused,
  formatRefusedByRoot,
  HOST_REFUSALS,
  isMountOf,
  pathNamed,
} from "#shared/text/host-refusal.ts";

/** By the word with which resources/rotation/challenge refuses. */
const SENTENCES: { [why: string]: string } = {
  "in-the-way": "is there already, and is not ours: look at it, and move it away",
  "linked-folder": "lies behind a symbolic link that somebody else could turn elsewhere",
  "no-folder": "is not there, or cannot be entered",
  "no-space": "cannot be written: the disk or its inodes are full",
  "not-owner": "belongs to somebody else: log in as its owner, or as root",
  "not-writable": "may not be written to",
  "read-only": "lies on a file system that is read-only",
  "no-openssl": "has no openssl, which would show the certificate",
};

/** Of what a host says. */
const MOST_DETAIL = 300;

/**
 * What came of a request about `where`: a folder, a port, or what is kept for the run. `file`: what was to be put there or taken away. Whoever
 * owns its folder may have answered: another path than those is told of no file.
 */
export function formatWhy(answer: Exclude<HandAnswer, Lost>, where: string, file?: string): string {
  const [why = "", ...rest] = answer.words;
  const detail = rest.join(" ").slice(0, MOST_DETAIL);
  if (why === "port-taken") return `${where} is taken${detail ? ` by ${detail}` : ""}: nothing was changed`;
  if (why === "no-server") return `nothing could be served at ${where}${detail ? `: ${detail}` : ""}`;
  if (why === "openssl") return `the host's openssl made no certificate${detail ? `: ${detail}` : ""}`;
  const isMount = pathNamed(detail) !== null && (file === undefined || isMountOf(detail, file));
  if (why === "no-space" && isMount) return formatRefusedByRoot({ why, detail }, where);
  if (why === "in-the-way" && file !== undefined) {
    const isItself = nameOf(detail) === nameOf(file);
    return isItself ? `${file} ${SENTENCES[why]}` : formatRefused({ why, detail }, file);
  }
  const sentence = SENTENCES[why] ?? (isHostRefusal(why) ? HOST_REFUSALS[why] : HOST_REFUSALS.unknown);
  const thing = why === "in-the-way" && detail ? detail : where;
  return `${thing} ${sentence}`;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/"));
