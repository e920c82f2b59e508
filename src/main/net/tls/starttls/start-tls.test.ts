import { createServer } from "node:net";
import { expect, test } from "vitest";
import { StartTls } from "#shared/model/starttls.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen, startSilentServer, type TestServer } from "#testing/servers.ts";
import { byteByByte, startRelay } from "#testing/tls/relay.ts";
import { startScriptedServer } from "#testing/tls/start-scripted-server.ts";
import { SCRIPTS } from "#testing/tls/starttls-scripts.ts";
import { createTlsProber } from "../probe-endpoint.ts";

const certificate = await makeCertificate({ names: ["mail.example"] });
const signal = AbortSignal.timeout(60_000);
const { probeEndpoint } = createTlsProber();
const hasty = createTlsProber({ dialogueMs: 200, handshakeMs: 200 });

const at = ({ endpoint }: Pick<TestServer, "endpoint">, protocol: StartTls): TlsTarget => ({
  kind: "tls",
  ...endpoint,
  serverName: "mail.example",
  protocol,
});

const SEEN = { outcome: "presented", message: "", chain: [Buffer.from(certificate.der)] };

test.for(StartTls.options)("an endpoint that turns from %s to TLS shows its chain", async (protocol) => {
  await using server = await startScriptedServer({ protocol, certificate });
  expect(await probeEndpoint(at(server, protocol), signal)).toMatchObject(SEEN);
  await using dripping = await startRelay(server, byteByByte);
  expect(await probeEndpoint(at(dripping, protocol), signal)).toMatchObject(SEEN);
});

test.for(StartTls.options)("T10: plain text behind the go-ahead of %s is a fault, with the hello's answer or before it", async (protocol) => {
  const { greeting, turns } = SCRIPTS[protocol];
  const injected = "250 injected.example\r\n";
  const said = turns.length > 0 && turns.at(-1)?.answer === "" ? "greeting" : "answer";
  const script =
    said === "greeting"
      ? { greeting: `${greeting}${injected}`, turns }
      : {
          greeting,
          turns: turns.map((turn, index) =>
            index === turns.length - 1 ? { ...turn, answer: `${turn.answer}${injected}` } : turn,
          ),
        };
  await using server = await startScriptedServer({ protocol, certificate, script });
  expect(await probeEndpoint(at(server, protocol), signal)).toMatchObject({
    outcome: "injected",
    chain: [],
    message: expect.stringContaining('"250 injected.example"'),
  });
});

test("plain text that comes in a segment of its own behind the go-ahead is the same fault", async () => {
  await using server = await listen(
    createServer((socket) => {
      const answers = ["250 STARTTLS\r\n", "220 go ahead\r\n", "250 injected.example\r\n"];
      socket.write("220 ready\r\n");
      socket.on("data", () => socket.write(answers.shift() ?? ""));
    }),
  );
  expect(await probeEndpoint(at(server, "smtp"), signal)).toMatchObject({
    outcome: "injected",
    message: expect.stringContaining('"250 injected.example"'),
  });
});
