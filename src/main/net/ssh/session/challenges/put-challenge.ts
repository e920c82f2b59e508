/** Answers to challenges on a host, by resources/rotation/challenge. Each request is safe to be said twice. */
import { exchange } from "#net/ssh/session/exchange.ts";
import type { Hand } from "#net/ssh/session/hand.ts";
import { formatWhy } from "./say-why.ts";

/** A run and one challenge of it, in letters and digits: what is made on the host goes by these. */
export type ChallengeId = { token: string; id: string };
/** `message`: why not, for a person. Nothing was left. */
export type NotPut = { kind: "failed"; message: string };

const lost = (message: string): NotPut => ({ kind: "failed", message: `the host was lost: ${message}` });

type FileRequest = ChallengeId & {
  folder: string;
  of: "site" | "challenges";
  name: string;
  text: string;
};

/** Puts a file where the web server has /.well-known/acme-challenge/, as whoever owns that folder. */
export async function putChallengeFile(
  hand: Hand,
  { token, id, folder, of, name, text }: FileRequest,
): Promise<{ kind: "put"; path: string } | NotPut> {
  const answer = await exchange(hand, { verb: "challenge_put", words: [folder, of, token, id, name, text] });
  if (answer.kind === "lost") return lost(answer.message);
  if (answer.status === "ok") return { kind: "put", path: answer.words[1] ?? "" };
  const place = of === "site" ? `${folder}/.well-known/acme-challenge` : folder;
  return { kind: "failed", message: formatWhy(answer, folder, `${place}/${name}`) };
}

export const CHALLENGE_SERVERS = ["python3", "perl", "busybox", "socat"] as const;
export type ChallengeServer = (typeof CHALLENGE_SERVERS)[number];

type ServeRequest = ChallengeId & {
  port: number;
  seconds: number;
  with: ChallengeServer;
  path: string;
  text: string;
};

/** Has the host serve one path at a port where nothing listens, on all its addresses, until told or for so long. */
export async function serveChallenge(
  hand: Hand,
  { token, id, port, seconds, with: program, path, text }: ServeRequest,
): Promise<{ kind: "serving" } | NotPut> {
  const words = [token, id, String(port), String(seconds), program, path, text];
  const answer = await exchange(hand, { verb: "challenge_serve", words });
  if (answer.kind === "lost") return lost(answer.message);
  return answer.status === "ok"
    ? { kind: "serving" }
    : { kind: "failed", message: formatWhy(answer, `port ${port}`) };
}

type ShowRequest = ChallengeId & { port: number; seconds: number; name: string; digest: Uint8Array };

/** Has the host's openssl show a certificate with the digest to whoever speaks acme-tls/1 (RFC 8737). */
export async function showChallenge(
  hand: Hand,
  { token, id, port, seconds, name, digest }: ShowRequest,
): Promise<{ kind: "serving" } | NotPut> {
  const words = [token, id, String(port), String(seconds), name, Buffer.from(digest).toString("hex")];
  const answer = await exchange(hand, { verb: "challenge_tls", words });
  if (answer.kind === "lost") return lost(answer.message);
  return answer.status === "ok"
    ? { kind: "serving" }
    : { kind: "failed", message: formatWhy(answer, `port ${port}`) };
}
