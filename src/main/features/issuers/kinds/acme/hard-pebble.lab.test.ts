import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { createAcmeSender } from "#net/acme/send-acme-request.ts";
import {
  answerAtPebble,
  countWaits,
  makeSigner,
  NEVER,
  openAccount,
  requestFor,
} from "#testing/acme/acme-account.ts";
import { startPebble } from "#testing/servers/pebble.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createAcmeClient } from "./client.ts";

test("half of all nonces turned away, and every look delayed, an order comes to its certificate", async () => {
  await using folder = await makeTemporaryFolder();
  const env = { PEBBLE_WFE_NONCEREJECT: "50", PEBBLE_VA_NOSLEEP: "0", PEBBLE_VA_SLEEPTIME: "1" };
  await using pebble = await startPebble({ folder: folder.path, env });
  const send = await createAcmeSender({ roots: pebble.roots });
  const client = createAcmeClient({ url: pebble.directory, send, now: () => new Date(), wait: pauseShortly });
  const { order } = await openAccount(client);
  const request = requestFor("slow.example");
  const ordered = await order(request, { type: "http-01", answer: answerAtPebble(pebble) });
  expect(ordered).toMatchObject({ kind: "issued" });
});

/** Waits a tenth of the usual pause, because this authority needs a second. */
const pauseShortly = async (ms: number) =>
  void (await new Promise((resolve) => setTimeout(resolve, ms / 10)));

test("an account that has to be bound is made by whoever has the key that was handed out", async () => {
  await using folder = await makeTemporaryFolder();
  const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
  await using pebble = await startPebble({ folder: folder.path, bindings: { "kid-1": key } });
  const send = await createAcmeSender({ roots: pebble.roots });
  const client = createAcmeClient({
    url: pebble.directory,
    send,
    now: () => new Date(),
    wait: countWaits().wait,
  });
  const mac = (secret: string) => async (data: Uint8Array) =>
    createHmac("sha256", Buffer.from(secret, "base64url")).update(data).digest();
  const register = (binding: { keyId: string; hmac: ReturnType<typeof mac> } | null) =>
    client.register(makeSigner(), { contacts: ["a@b.example"], agreesToTerms: true, binding }, NEVER);
  expect(await register({ keyId: "kid-1", hmac: mac(key) })).toMatchObject({ kind: "account" });
  expect(await register({ keyId: "kid-1", hmac: mac("b3RoZXI") })).toMatchObject({ kind: "refused" });
  expect(await register({ keyId: "kid-9", hmac: mac(key) })).toMatchObject({ kind: "refused" });
  expect(await register(null)).toMatchObject({
    kind: "unready",
    message: expect.stringContaining("external account binding"),
  });
});
