/**
 * What a server takes, found by asking for one thing at a time: a connection each, one after the other, and none of them
 * goes beyond the server's hello. Whoever does not answer is not asked any more: what is left is unknown.
 */
import { isFailure } from "#net/connect-failure.ts";
import type { Capabilities, Offer } from "#shared/model/offers.ts";
import { exchange, type Silence } from "./exchange.ts";
import { type FirstAnswer, FirstAnswerReader } from "./first-answer.ts";
import { type Hello, writeGroupHello, writeVersionHello } from "./hello.ts";
import { createKeyShare } from "./key-schedule.ts";
import { ASKED_GROUPS, ASKED_VERSIONS, formatGroup, formatVersion, TLS_1_3 } from "./offers.ts";
import type { Opener } from "./open-endpoint.ts";

type Asking = {
  /** Opens a connection that is ready for a hello. */
  open: () => ReturnType<Opener["again"]>;
  serverName: string | null;
  deadlineMs: number;
  signal: AbortSignal;
};

type State = Offer["state"];

/** A hello of the server, and an alert, are far below this. */
const MOST_BYTES = 64 * 1024;

/** Rejects only when `signal` says stop. */
export async function askCapabilities(asking: Asking): Promise<Capabilities> {
  const ask = createAsker(asking);
  const { serverName } = asking;
  const share = createKeyShare().publicKey;
  const versions: (Offer & { code: number })[] = [];
  for (const version of ASKED_VERSIONS) {
    const state = await ask(writeVersionHello(serverName, version, share), (answer) =>
      answer.kind === "hello" ? answer.hello.version === version : false,
    );
    versions.push({ code: version, name: formatVersion(version), state });
  }
  const modern = versions.find(({ code }) => code === TLS_1_3)?.state ?? "unknown";
  const groups: Offer[] = [];
  for (const group of ASKED_GROUPS) {
    // Without TLS 1.3 there is none of the newer groups, and of the others nothing is told this way.
    const state =
      modern === "accepted"
        ? await ask(
            writeGroupHello(serverName, group),
            (answer) => answer.kind === "hello" && answer.hello.retryGroup === group,
          )
        : modern;
    groups.push({ name: formatGroup(group), state });
  }
  return { versions: versions.map(({ name, state }) => ({ name, state })), groups };
}

function createAsker({ open, deadlineMs, signal }: Asking) {
  let isOver = false;

  return async (hello: Hello, isTaken: (answer: FirstAnswer) => boolean): Promise<State> => {
    if (isOver) return "unknown";
    const connection = await open();
    if (isFailure(connection)) {
      isOver = true;
      return "unknown";
    }
    const answer = await exchange<FirstAnswer>(
      connection.stream,
      hello.record,
      new FirstAnswerReader(MOST_BYTES),
      { deadlineMs, signal },
    );
    if (answer.kind === "timed-out") isOver = true;
    return stateOf(answer, isTaken);
  };
}

/** Who hangs up without a word may refuse, or may have had enough of us. */
function stateOf(answer: FirstAnswer | Silence, isTaken: (answer: FirstAnswer) => boolean): State {
  if (answer.kind === "hello") return isTaken(answer) ? "accepted" : "refused";
  return answer.kind === "alert" ? "refused" : "unknown";
}
