import { exchange, type Failed, type Refused, readTail } from "#net/ssh/session/exchange.ts";
import type { Hand, Lost } from "#net/ssh/session/hand.ts";
import type { ServerKind } from "#shared/model/pair.ts";
import { ToldBy } from "#shared/model/told-by.ts";

type LookRequest = {
  server: ServerKind;
  /** The file that its configuration begins with; null: the usual one. */
  config: string | null;
  /** Of the pair, where the files really lie: of several servers of that kind those are meant that read them. */
  paths: readonly string[];
};

/** How a server of a host is told of new files; with `none`, why, in words of the host. Nothing is changed. */
export async function lookAtServer(
  hand: Hand,
  { server, config, paths }: LookRequest,
): Promise<{ kind: "seen"; toldBy: ToldBy; said: string } | Refused | Failed | Lost> {
  const answer = await exchange(hand, { verb: "server_look", words: [server, config ?? "", ...paths] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const [word, ...said] = answer.words;
  const toldBy = ToldBy.safeParse(word);
  if (!toldBy.success) return { kind: "lost", message: "it answers what makes no sense" };
  return { kind: "seen", toldBy: toldBy.data, said: said.join(" ").slice(0, 300) };
}
