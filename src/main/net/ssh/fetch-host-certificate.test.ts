import { expect, test } from "vitest";
import { startRawServer } from "#testing/ssh/raw-server.ts";
import { startSshServer } from "#testing/ssh/ssh-server.ts";
import { fetchHostCertificate } from "./fetch-host-certificate.ts";

const fetchFrom = (addresses: readonly string[], port: number) =>
  fetchHostCertificate({
    route: { addresses },
    port,
    keyTypes: ["ssh-ed25519"],
    timeoutMs: 5_000,
    signal: new AbortController().signal,
  });

test("a host that has no certificate says so, at whichever of its addresses it listens", async () => {
  await using host = await startSshServer({ run: null });
  expect(await fetchFrom(["127.0.0.9", host.host], host.port)).toEqual({
    kind: "none",
    why: "the host has no certificate for its ssh-ed25519 key",
  });
  expect(host.attempts).toEqual([]);
});

test("a host that hangs up, or does not listen, has not told whether it has one", async () => {
  const host = await startRawServer((socket) => socket.end());
  expect(await fetchFrom([host.host], host.port)).toMatchObject({ kind: "unanswered" });
  await host[Symbol.asyncDispose]();
  expect(await fetchFrom([host.host], host.port)).toMatchObject({ kind: "unanswered" });
});
