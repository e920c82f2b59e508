import { createServer as createPlainServer } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen, startSilentServer } from "#testing/servers.ts";
import { createAcmeSender } from "./send-acme-request.ts";

const NEVER = new AbortController().signal;

type Wish = { names?: string[]; notAfter?: Date; limits?: { bytes: number; timeoutMs: number } };

/** Sends a request to a server that gives this answer to everything. */
async function askOne(answer: (socket: TLSSocket) => void, { limits, ...wish }: Wish = {}) {
  const { pem, keyPem } = await makeCertificate({ names: ["127.0.0.1"], ...wish });
  await using server = await listen(
    createServer({ cert: pem, key: keyPem }, (socket) =>
      socket.on("error", () => socket.destroy()).once("data", () => answer(socket)),
    ),
  );
  const send = await createAcmeSender({ roots: pem, ...(limits && { limits }) });
  const { port } = server.endpoint;
  const reply = await send({ method: "GET", url: `https://127.0.0.1:${port}/directory` }, NEVER);
  return reply.kind === "unanswered" ? reply.message : `${reply.status} ${reply.bytes.length}`;
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";

test("a redirect is an answer, and nobody is followed", async () => {
  const head = "HTTP/1.1 302 Found\r\nlocation: https://b.example/\r\ncontent-length: 0\r\n\r\n";
  expect(await askOne((socket) => socket.end(head))).toBe("302 0");
});

test("an answer that is too large is given up", async () => {
  const limits = { bytes: 1_000, timeoutMs: 60_000 };
  expect(await askOne((socket) => socket.write(`${HEAD}${"x".repeat(20_000)}`), { limits })).toBe(
    "its answer is larger than 1000 bytes",
  );
});

test("an answer that comes drop by drop is given up after its time", async () => {
  const drip = (socket: TLSSocket) => {
    const timer = setInterval(() => socket.write("x"), 5);
    socket.write(HEAD);
    socket.on("close", () => clearInterval(timer));
  };
  expect(await askOne(drip, { limits: { bytes: 1_000_000, timeoutMs: 100 } })).toBe(
    "it has not answered wholly after 0.1 seconds",
  );
});

test("an answer that breaks off is none", async () => {
  expect(await askOne((socket) => socket.end(`${HEAD}xyz`))).toBe("the connection was reset before it stood");
});

test("what is no HTTP is told", async () => {
  expect(await askOne((socket) => socket.end("220 mail.example ESMTP\r\n"))).toBe("it does not speak HTTP");
});

test("a certificate for other names, or that is over, ends it before anything is asked", async () => {
  let asked = 0;
  const count = () => void asked++;
  expect(await askOne(count, { names: ["ca.example"] })).toBe(
    "its certificate is for other names than 127.0.0.1",
  );
  expect(await askOne(count, { notAfter: new Date("2026-01-02T00:00:00Z") })).toBe(
    "its own certificate has expired",
  );
  expect(asked).toBe(0);
});

test("nothing is asked in plain text", async () => {
  const send = await createAcmeSender({ roots: null });
  expect(await send({ method: "GET", url: "http://127.0.0.1:1/" }, NEVER)).toEqual({
    kind: "unanswered",
    message: "its address does not begin with https://",
  });
});

test("a server that speaks no TLS is told of", async () => {
  await using server = await listen(createPlainServer((socket) => socket.end("HTTP/1.1 400 no\r\n\r\n")));
  const send = await createAcmeSender({ roots: null });
  const url = `https://127.0.0.1:${server.endpoint.port}/`;
  expect(await send({ method: "GET", url }, NEVER)).toMatchObject({
    message: expect.stringContaining("TLS"),
  });
});

test.for(["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])(
  "roots that are %j are told of, and trust nobody",
  async (roots) => {
    const send = await createAcmeSender({ roots });
    expect(await send({ method: "GET", url: "https://127.0.0.1:1/" }, NEVER)).toEqual({
      kind: "unanswered",
      message: "the file of its roots has no certificate in PEM",
    });
  },
);

test("whoever stops it is thrown, whether it has begun or not", async () => {
  await using server = await startSilentServer();
  const send = await createAcmeSender({ roots: null });
  const url = `https://127.0.0.1:${server.endpoint.port}/`;
  const stopping = new AbortController();
  const asked = send({ method: "GET", url }, stopping.signal);
  stopping.abort(new Error("stopped"));
  await expect(asked).rejects.toThrow("stopped");
  await expect((async () => send({ method: "GET", url }, stopping.signal))()).rejects.toThrow("stopped");
});
