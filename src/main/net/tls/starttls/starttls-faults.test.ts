import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import { StartTls, type TlsTarget } from "#shared/model/hosts/target.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen, startSilentServer, type TestServer } from "#testing/servers.ts";
import { hangUpAfter, startRelay } from "#testing/tls/stalling-servers.ts";
import { SCRIPTS, startScriptedServer, wordsOf } from "#testing/tls/starttls-scripts.ts";

const certificate = await makeCertificate({ names: ["mail.example"] });
const signal = AbortSignal.timeout(120_000);
const prober = createTlsProber({ negotiationMs: 1_000, handshakeMs: 1_000 });

const probe = ({ endpoint }: Pick<TestServer, "endpoint">, protocol: StartTls) => {
  const target: TlsTarget = { kind: "tls", ...endpoint, serverName: null, protocol };
  return prober.probeEndpoint(target, signal);
};

const serve = (talk: (socket: Socket) => void) => listen(createServer(talk));

/** The outcomes of all protocols at a server, in their order, each outcome once. */
async function probeAll(server: TestServer): Promise<string[]> {
  const readings = await Promise.all(StartTls.options.map((protocol) => probe(server, protocol)));
  for (const { chain } of readings) expect(chain).toEqual([]);
  return [...new Set(readings.map(({ outcome }) => outcome))].sort();
}

const SIXTEEN = "before TLS, in 16 protocols";

test("S3: a server that takes the connection and says nothing is timed out, whoever was to speak first", async ({
  task,
}) => {
  await using silent = await startSilentServer();
  expect(await probeAll(silent)).toEqual(["timed-out"]);
  recordFault(task, { id: "S3", injected: SIXTEEN, seen: "timed out" });
});

test("S4: a drip in place of an answer ends at the deadline", async ({ task }) => {
  await using dripping = await serve((socket) => {
    const timer = setInterval(() => socket.write("\xff"), 50);
    socket.once("close", () => clearInterval(timer));
  });
  // A protocol whose answer cannot begin with this byte is recognised before the timeout.
  expect(await probeAll(dripping)).toEqual(["other-protocol", "timed-out"]);
  recordFault(task, { id: "S4", injected: SIXTEEN, seen: "timed out, or told as another protocol before" });
});

test("S5: a flood in place of an answer is cut off", async ({ task }) => {
  const flood = (bytes: string) =>
    serve((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(bytes, "latin1"));
      };
      socket.on("drain", more);
      more();
    });
  await using letters = await flood("x".repeat(1_000));
  await using commands = await flood("\xff\xfd\x18".repeat(300));
  for (const server of [letters, commands])
    expect(["flooded", "other-protocol", "timed-out"]).toEqual(
      expect.arrayContaining(await probeAll(server)),
    );
  recordFault(task, { id: "S5", injected: SIXTEEN, seen: "stopped: too much, or another protocol" });
});

test("S6: random bytes, HTTP, SSH and TLS are told as another protocol, or not answered at all", async ({
  task,
}) => {
  const outcomes = new Set<string>();
  for (const greeting of [
    "SSH-2.0-x\r\n",
    "HTTP/1.1 400 no\r\n\r\n",
    "\x15\x03\x01\0\x02\x02\x28",
    "\0\x01\x02\x03".repeat(9),
  ]) {
    await using server = await serve((socket) => socket.write(greeting, "latin1"));
    for (const outcome of await probeAll(server)) outcomes.add(outcome);
  }
  expect([...outcomes].sort()).toEqual(["other-protocol", "timed-out"]);
  recordFault(task, { id: "S6", injected: SIXTEEN, seen: "told as another protocol, or timed out" });
});

test("S7: a talk that is cut at any byte comes to no chain", async ({ task }) => {
  for (const protocol of StartTls.options) {
    const total = Buffer.concat(wordsOf(SCRIPTS[protocol])).length;
    await using server = await startScriptedServer({ protocol, certificate });
    const cuts = Array.from({ length: Math.min(total, 24) }, (_, index) => Math.floor((index * total) / 24));
    await Promise.all(
      cuts.map(async (cut) => {
        await using half = await startRelay(server, () => hangUpAfter(cut));
        const { outcome, chain } = await probe(half, protocol);
        expect(["reset", "truncated", "timed-out"], `${protocol} cut at ${cut}`).toContain(outcome);
        expect(chain).toEqual([]);
      }),
    );
  }
  recordFault(task, {
    id: "S7",
    injected: `${SIXTEEN}, cut at up to 24 places each`,
    seen: "truncated, reset or timed out",
  });
});
