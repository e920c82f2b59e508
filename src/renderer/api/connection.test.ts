import { RPCHandler } from "@orpc/server/message-port";
import { expect, test } from "vitest";
import { DESKTOP_PORT } from "#shared/contract/transport/desktop-bridge.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { connectPort } from "./connection.ts";
import { openDesktop } from "./desktop.ts";

const OWN = "latchkey-app://page";

test("calls wait for a port, and go on over the next one when the core was started again", async () => {
  const page = createPage();
  const early = page.call("early");
  expect(page.connection.read()).toBe("waiting");
  page.hand(DESKTOP_PORT, OWN, page);
  expect(await early).toBe("EARLY");
  expect(page.connection.read()).toBe("open");

  page.say({ kind: "core", state: "restarting", sentence: "it has stopped" });
  expect([page.connection.read(), page.connection.readSentence()]).toEqual(["waiting", "it has stopped"]);
  const late = page.call("late");
  page.say({ kind: "core", state: "running", sentence: "it has stopped" });
  page.hand(DESKTOP_PORT, OWN, page);
  expect(await late).toBe("LATE");
  page.close();
});

test("a core that was given up can be asked for again, and one that waits cannot", () => {
  const page = createPage();
  page.connection.retry();
  page.say({ kind: "core", state: "failed", sentence: "the database is held" });
  expect([page.connection.read(), page.connection.readSentence()]).toEqual([
    "stopped",
    "the database is held",
  ]);
  page.connection.retry();
  expect(page.requests).toEqual(["connect", "retry"]);
});

test.each([
  ["another window", DESKTOP_PORT, OWN, null],
  ["another origin", DESKTOP_PORT, "https://evil.example", "own"],
  ["another message", "latchkey", OWN, "own"],
])("a port from %s is not taken", (_, message, origin, source) => {
  const page = createPage();
  page.hand(message, origin, source === "own" ? page : null);
  expect(page.connection.read()).toBe("waiting");
  page.close();
});

type Client = { ask(text: string): Promise<string> };

/** A page's window, the desktop window around it, and a core of one call at the other end of each port. */
function createPage() {
  const requests: string[] = [];
  const ports: MessagePort[] = [];
  const handler = new RPCHandler(createTinyApp().router);
  let say: (message: unknown) => void = () => undefined;
  const desktop = openDesktop({
    listen: (listener) => {
      say = listener;
    },
    request: async ({ kind }) => {
      requests.push(kind);
    },
  });
  const page = Object.assign(new EventTarget(), { origin: OWN });
  const connection = connectPort(desktop, page as unknown as Window);
  return Object.assign(page, {
    connection,
    requests,
    say: (message: unknown) => say(message),
    call: (text: string) => (connection.client as unknown as Client).ask(text),
    hand(data: string, origin: string, source: unknown) {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1, port2);
      handler.upgrade(port1);
      port1.start();
      page.dispatchEvent(Object.assign(new Event("message"), { data, origin, source, ports: [port2] }));
    },
    close() {
      for (const port of ports) port.close();
    },
  });
}
