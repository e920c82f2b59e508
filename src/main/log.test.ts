import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createSecureContext } from "node:tls";
import ssh2 from "ssh2";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { openStore } from "#store/store.ts";
import { makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { startTlsServer } from "#testing/servers.ts";
import { createApp } from "./app.ts";

const CANARY = "canary-7f3a";

/** Real errors of every library that this program calls, each of which had a secret when it failed. */
const FAULTS: [layer: string, make: () => Promise<unknown> | unknown][] = [
  ["this program", () => new Error(`cannot go on with ${CANARY}`, { cause: new Error(CANARY) })],
  ["a promise of several", () => new AggregateError([new Error(CANARY)], CANARY)],
  ["something that is no error", () => ({ password: CANARY })],
  ["a text that was thrown", () => CANARY],
  ["the parser of JSON", () => thrownBy(() => JSON.parse(`${CANARY}{`))],
  ["the file system", () => thrownBy(() => readFileSync(`/nowhere/${CANARY}`))],
  ["the parser of URLs", () => thrownBy(() => new URL(`http://${CANARY}:${CANARY}`))],
  ["a schema", () => z.strictObject({ key: z.literal("x") }).safeParse({ key: "y", [CANARY]: CANARY }).error],
  ["the database", () => thrownBy(failInDatabase)],
  ["a key that ssh2 cannot read", () => ssh2.utils.parseKey(`-----BEGIN ${CANARY}-----`)],
  [
    "ssh2",
    () => thrownBy(() => new ssh2.Client().connect({ host: "x", privateKey: CANARY, passphrase: CANARY })),
  ],
  [
    "a key that TLS cannot read",
    () => thrownBy(() => createSecureContext({ key: CANARY, passphrase: CANARY })),
  ],
  ["a TLS connection", failInTls],
];

test.each(FAULTS)("the log says that %s failed, and nothing that it held", async (_, make) => {
  const fault = await make();
  expect(fault).toBeTruthy();
  const written = await writeToLog({
    now: failingWith(fault),
    ask: (app) => app.client.today.figures(),
  });
  expect(written).toMatch(/^latchkey: \w/);
  expect(written).not.toContain(CANARY);
  expect(written).not.toMatch(/[^\n\x20-\x7e]/);
});

test("the log says that a reply did not fit the contract, and nothing of the reply", async () => {
  const workstation = {
    user: { password: CANARY } as unknown as string,
    home: "/nowhere",
    agentSocket: null,
  };
  const written = await writeToLog({ workstation, ask: (app) => app.client.thisComputer.inspect() });
  expect(written).toContain("latchkey: Error INTERNAL_SERVER_ERROR");
  expect(written).toContain("caused by");
  expect(written).not.toContain(CANARY);
});

type Wish = Partial<Parameters<typeof createApp>[0]> & {
  ask: (app: ReturnType<typeof createApp>) => Promise<unknown>;
};

/** What a call that must fail writes to stderr. */
async function writeToLog({ ask, ...options }: Wish): Promise<string> {
  await using app = createApp({ databasePath: ":memory:", ...options });
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    await expect(ask(app)).rejects.toThrow("something went wrong; the log has the details");
    return write.mock.calls.map(([text]) => String(text)).join("");
  } finally {
    write.mockRestore();
  }
}

/** A clock that works while the app opens, and throws at every call afterwards. */
function failingWith(fault: unknown): () => Date {
  let isOpen = false;
  return () => {
    if (isOpen) throw fault;
    isOpen = true;
    return new Date();
  };
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

function failInDatabase(): void {
  const store = openStore({ path: ":memory:", access: "write" });
  try {
    visitHost(store, CANARY, { collected: { grants: [makeGrant(CANARY, { line: CANARY as never })] } });
  } finally {
    store.close();
  }
}

/** A certificate for other names than the expected one: the error has both, and the certificate. */
async function failInTls(): Promise<unknown> {
  await using server = await startTlsServer({ names: [CANARY] });
  const { host, port } = server.endpoint;
  const ca = `-----BEGIN CERTIFICATE-----\n${Buffer.from(server.der).toString("base64")}\n-----END CERTIFICATE-----`;
  const socket = connect({ host, port, ca, servername: "another.example" });
  const [error] = await once(socket, "error").then(
    (values) => values,
    (thrown: unknown) => [thrown],
  );
  socket.destroy();
  return error;
}
