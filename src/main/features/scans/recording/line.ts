import { reviveError } from "./carried-error.ts";
import type { Answer, Answers, Hear, RecorderLink, Request, Sent, Told } from "./messages.ts";

/** What is told without being asked for. */
export type News = Exclude<Told, { kind: "answer" | "refusal" | "lent" }>;

type Deps = { start: (hear: Hear) => RecorderLink; hear: (news: News) => void };

/** The line to the recorder, which is started when it is needed; again, where it has died. */
export function createLine({ start, hear }: Deps) {
  const asked = new Map<number, PromiseWithResolvers<Answer>>();
  const borrowers: (() => void)[] = [];
  let link: RecorderLink | null = null;
  let lastId = 0;

  return {
    send,

    request<Kind extends Request["kind"]>(request: Request & { kind: Kind }): Promise<Answers[Kind]> {
      const answer = Promise.withResolvers<Answer>();
      asked.set(++lastId, answer);
      send({ kind: "request", id: lastId, request });
      // The recorder answers each request with what its kind is answered with.
      return answer.promise as Promise<Answers[Kind]>;
    },

    /** Resolves when it writes nothing; it does not until what this gives is called. */
    async takeTurn(): Promise<() => void> {
      if (!link) return () => undefined;
      const { send: tell } = link;
      const { promise, resolve } = Promise.withResolvers<void>();
      borrowers.push(resolve);
      tell({ kind: "lend" });
      await promise;
      return () => tell({ kind: "give-back" });
    },

    close: async (): Promise<void> => link?.close(),
  };

  function send(sent: Sent, handOver?: ArrayBuffer[]): void {
    link ??= start(take);
    link.send(sent, handOver);
  }

  function take(told: Told): void {
    if (told.kind === "lent") borrowers.shift()?.();
    else if (told.kind === "answer") settle(told.id)?.resolve(told.answer);
    else if (told.kind === "refusal") settle(told.id)?.reject(reviveError(told.error));
    else if (told.kind !== "dead") hear(told);
    else if (link) {
      bury(reviveError(told.error));
      hear(told);
    }
  }

  function settle(id: number) {
    const answer = asked.get(id);
    asked.delete(id);
    return answer;
  }

  /** Nobody waits for one that is no more. */
  function bury(error: Error): void {
    link = null;
    for (const id of [...asked.keys()]) settle(id)?.reject(error);
    for (const go of borrowers.splice(0)) go();
  }
}
