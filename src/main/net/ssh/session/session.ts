import { randomBytes } from "node:crypto";
import { END_ALIASES } from "#shared/text/join-scripts.ts";
import { Conversation } from "./conversation.ts";
import type { Hand, Lost } from "./hand.ts";
import type { Line } from "./line.ts";

export type Begun = { uid: number; ask: Hand["ask"]; ended: Promise<Lost> };
/** `noise`: what the host said instead, the first of it. */
export type NotBegun = { kind: "lost" | "silent"; message: string; noise: string };

/**
 * The command, the same for every host, is `sh -s`: what parses it is the account's login shell, be it csh or fish. sh
 * reads ahead, so it gets no more than this until it says that it runs; the library comes after. The empty lines are
 * for a rc file that reads an answer: it takes one. An alias ends before any of it is read: a shell may read the
 * whole library before it runs its first line.
 */
const BOOT = `${"\n".repeat(8)}${END_ALIASES}
{
hand_library= hand_piece=
echo hand"-"boots
while IFS= read -r hand_line; do
case $hand_line in '#hand-ends') break ;; esac
hand_piece="$hand_piece$hand_line
"
[ \${#hand_piece} -lt 4096 ] || hand_library=$hand_library$hand_piece hand_piece=
done
hand_library=$hand_library$hand_piece
eval "$hand_library"
IFS= read -r hand_line
hand_serve "$hand_line"
exit
}
`;
const BOOTS = "hand-boots";
const MOST_EARLY = 64 * 1024;

/** Starts the hand at the other end. */
export async function beginSession(line: Line, script: string, beginMs: number): Promise<Begun | NotBegun> {
  const nonce = randomBytes(16).toString("hex");
  const conversation = new Conversation(line, nonce);
  const { promise: booted, resolve: boot } = Promise.withResolvers<"booted" | "too late">();
  let early = "";
  line.follow({
    out(chunk) {
      if (early.length < MOST_EARLY) early += chunk.toString("latin1");
      if (early.includes(BOOTS)) boot("booted");
      conversation.take(chunk);
    },
    over: (why) => conversation.lose(why),
  });
  line.send(BOOT);
  const timer = setTimeout(boot, beginMs, "too late");
  const how = await Promise.race([booted, conversation.ended]);
  clearTimeout(timer);
  if (how !== "booted") return { ...notBegun(how, beginMs), noise: early };
  const ready = await conversation.first(`${shorten(script)}\n#hand-ends\n${nonce}\n`, beginMs);
  if (ready.kind === "lost") return { ...ready, noise: early };
  const [word, uid] = ready.words;
  if (ready.status !== "ok" || word !== "ready" || !/^\d{1,10}$/.test(uid ?? ""))
    return { kind: "lost", message: "it began with an answer that makes no sense", noise: early };
  return { uid: Number(uid), ask: conversation.ask, ended: conversation.ended };
}

function notBegun(how: Lost | "too late", beginMs: number): Omit<NotBegun, "noise"> {
  if (how !== "too late") return how;
  return {
    kind: "silent",
    message: `it did not come to what it was asked to run within ${beginMs / 1_000} s`,
  };
}

/** Without the lines that are comments only: the shell at the other end reads a byte at a time. */
const shorten = (script: string): string =>
  script
    .split("\n")
    .filter((line) => !/^\t*#/.test(line) && line !== "")
    .map((line) => line.replace(/^\t+/, ""))
    .join("\n");
