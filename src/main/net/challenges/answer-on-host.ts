/** Ways by which the host itself answers: a file of its web server, or a server of ours while the order is pending. */
import { createHash } from "node:crypto";
import {
  clearChallenges,
  lookAtWays,
  putChallengeFile,
  serveChallenge,
  showChallenge,
} from "#net/ssh/session/challenges.ts";
import type { Hand } from "#net/ssh/session/remote-session.ts";
import type { AcmeChallenge, ChallengeWay } from "#shared/model/issuers/issuer.ts";
import { type Answered, type ChallengeDeps, giveUp, type Undo } from "./challenge.ts";
import { CHALLENGE_PATH, type Checked, checkOverHttp, checkOverTls } from "./check-from-here.ts";

type Http = Extract<AcmeChallenge, { type: "http-01" }>;
type Tls = Extract<AcmeChallenge, { type: "tls-alpn-01" }>;
type Way<Kind> = Extract<ChallengeWay, { kind: Kind }>;

const HTTP_PORT = 80;
/** An order that is not done by then is not done. */
const SERVED_SECONDS = 900;

/** Of one challenge: the same for the same, so that what is said twice is done once. */
const idOf = (...words: string[]): string =>
  `c${createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 16)}`;

const failed = (message: string): Answered => ({ kind: "failed", message });
const NO_HAND = "the way that was chosen is by the host itself, to which there is no login";

export async function answerByFile(
  way: Way<"webroot">,
  challenge: Http,
  near: ChallengeDeps,
): Promise<Answered> {
  const { hand, token } = near;
  if (!hand) return failed(NO_HAND);
  const { name, token: file, keyAuthorization } = challenge;
  const id = idOf(name, file);
  const { path: folder, of } = way;
  const put = await putChallengeFile(hand, { token, id, folder, of, name: file, text: keyAuthorization });
  const undo = undoBy(hand, token, id);
  if (put.kind === "failed") return giveUp(put.message, undo);
  const checked = await checkOverHttp(challenge, { ...near, port: HTTP_PORT });
  return conclude(checked, undo, `${put.path} was put there: is ${folder} what its web server serves?`);
}

export async function answerByServer(
  { port }: Way<"served-on-host">,
  challenge: Http,
  near: ChallengeDeps,
): Promise<Answered> {
  const { hand, token } = near;
  if (!hand) return failed(NO_HAND);
  const looked = await lookAtWays(hand, [port]);
  if (looked.kind === "lost") return failed(`the host was lost: ${looked.message}`);
  if (looked.kind === "refused") return failed(looked.message);
  const [program] = looked.look.servers;
  if (!program)
    return failed("the host has nothing to serve a file by: install python3, perl, busybox or socat there");
  const { name, token: file, keyAuthorization } = challenge;
  const id = idOf(name, file);
  const wish = { token, id, port, seconds: SERVED_SECONDS, with: program };
  const served = await serveChallenge(hand, {
    ...wish,
    path: `${CHALLENGE_PATH}${file}`,
    text: keyAuthorization,
  });
  const undo = undoBy(hand, token, id);
  if (served.kind === "failed") return giveUp(served.message, undo);
  const checked = await checkOverHttp(challenge, { ...near, port });
  return conclude(checked, undo, `it is served by ${program} at port ${port}`);
}

export async function answerByTls(
  { port }: Way<"tls-alpn">,
  challenge: Tls,
  near: ChallengeDeps,
): Promise<Answered> {
  const { hand, token } = near;
  if (!hand) return failed(NO_HAND);
  const { name, digest } = challenge;
  const id = idOf(name, Buffer.from(digest).toString("hex"));
  const shown = await showChallenge(hand, { token, id, port, seconds: SERVED_SECONDS, name, digest });
  const undo = undoBy(hand, token, id);
  if (shown.kind === "failed") return giveUp(shown.message, undo);
  return conclude(await checkOverTls(challenge, { ...near, port }), undo, `openssl shows it at port ${port}`);
}

const undoBy =
  (hand: Hand, token: string, id: string): Undo =>
  async () => {
    const cleared = await clearChallenges(hand, { token, id });
    return cleared.kind === "cleared" ? { kind: "undone" } : cleared;
  };

async function conclude(checked: Checked, undo: Undo, what: string): Promise<Answered> {
  if (checked.kind === "wrong") return giveUp(`${checked.message}; ${what}`, undo);
  return { kind: "ready", undo, note: checked.note };
}
