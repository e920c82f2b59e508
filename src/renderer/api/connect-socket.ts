import { RPCLink } from "@orpc/client/websocket";
import { HANDSHAKE_MS, WEB_CLOSE, WEB_PROTOCOL, type WebGrant } from "#shared/contract/web-protocol.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type Connection, createLine, type Link } from "./connection.ts";
import { type Proved, verifyServer } from "./prove-server.ts";
import { forgetGrant, type NoSession, readGrant, takeLaunchCode } from "./session.ts";

/** Pauses between attempts after a drop; after the last one the program counts as stopped. */
const PAUSES_MS = [200, 400, 800, 1_500, 3_000];

/** With these the program ends a tab's socket for good. */
const FINAL: ReadonlySet<number> = new Set(Object.values(WEB_CLOSE).map(({ code }) => code));

/** What codes that are refused are said to be, where the page can say no more. */
const REFUSED =
  "wrong launch codes were offered, so new ones are refused for a minute. Press Enter in the terminal where Latchkey runs after that, and open the fresh address that it prints";

/**
 * The way to the core from a browser: one socket, opened again with the same session when it drops, and only to the server
 * that proves it. No call is made before. Where nobody answers, or somebody else, the tab leaves the address.
 */
export function connectSocket(): Connection {
  const line = createLine(() => undefined);

  async function open(grant: WebGrant): Promise<void> {
    const found = await openLink(grant, ({ code }) => {
      // The program has said that this tab is done; to come back would only push out the tab that took its place.
      if (code === WEB_CLOSE.replaced.code) return line.close("ended");
      if (FINAL.has(code)) return end();
      line.close("waiting");
      void open(grant);
    });
    if (typeof found !== "string") return line.open(found);
    if (found === "ended") return end();
    forgetGrant();
    leave(found);
  }
  function end(why: NoSession = "ended"): void {
    forgetGrant();
    if (why === "refused") line.say(REFUSED);
    line.close("ended");
  }
  void takeLaunchCode().then((missing) => {
    const grant = missing ? null : readGrant();
    return grant ? open(grant) : end(missing ?? "ended");
  });
  return line.connection;
}

async function openLink(
  grant: WebGrant,
  onDrop: (event: CloseEvent) => void,
): Promise<Link | "ended" | WhyLeft> {
  for (const pauseMs of [0, ...PAUSES_MS]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const websocket = await openSocket();
    if (!websocket) continue;
    const proved = await verifyServer(websocket, grant, location.host);
    if (proved === "proved") {
      websocket.addEventListener("close", onDrop);
      return new RPCLink({ websocket });
    }
    websocket.close();
    const final = afterNoVerification(proved);
    if (final) return final;
  }
  return "stopped";
}

/** Null: another attempt may go better. */
function afterNoVerification(proved: Exclude<Proved, "proved">): "ended" | "stranger" | null {
  switch (proved) {
    case "ended":
    case "stranger":
      return proved;
    case "silent":
      return null;
    default:
      return assertNever(proved);
  }
}

function openSocket(): Promise<WebSocket | null> {
  const websocket = new WebSocket(`ws://${location.host}`, WEB_PROTOCOL);
  websocket.binaryType = "arraybuffer";
  const { promise, resolve } = Promise.withResolvers<WebSocket | null>();
  const timeout = setTimeout(() => websocket.close(), HANDSHAKE_MS);
  websocket.addEventListener("open", () => resolve(websocket), { once: true });
  websocket.addEventListener("close", () => resolve(null), { once: true });
  return promise.finally(() => clearTimeout(timeout));
}

/**
 * Leaves the address of a Latchkey that does not answer there any more. Any program of this computer may listen at its port
 * by now, and a reload would show that program's page as if it were ours. So the tab goes on with a page that comes from
 * nobody: all that it showed is gone with the old one, and a reload of it asks no server for anything.
 */
type WhyLeft = "stopped" | "stranger";

const TITLES: Record<WhyLeft, string> = {
  stopped: "Latchkey has stopped",
  stranger: "Another program answers",
};

const WORDS: Record<WhyLeft, readonly string[]> = {
  stopped: [
    "The program that this page belongs to does not answer any more. Nothing that it had read is lost.",
    "Start it again, and open the address that it prints. Close this tab: the old address is nobody's now.",
  ],
  stranger: [
    "At the address of this page there is a program that could not prove to be the Latchkey that opened it. It was told nothing.",
    "Close this tab, and type no passphrase at its address. Start Latchkey again, and open the address that it prints.",
  ],
};

/** Nothing here is from outside, so nothing is escaped. The page's policy goes with it and allows no style of its own. */
const write = (why: WhyLeft): string =>
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">' +
  `<title>${TITLES[why]}</title><main align="center"><font face="system-ui, sans-serif"><br><br><br>` +
  `<h1>${TITLES[why]}</h1>${WORDS[why].map((words) => `<p>${words}</p>`).join("")}</font></main>`;

function leave(why: WhyLeft): void {
  location.replace(URL.createObjectURL(new Blob([write(why)], { type: "text/html" })));
}
