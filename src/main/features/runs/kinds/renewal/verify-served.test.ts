import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import type { VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import { findUnled } from "./verify-served.ts";

const { signal } = new AbortController();

const verificationAt = (address: string, from: VerificationEndpoint["from"]): VerificationEndpoint => ({
  address,
  from,
  port: 443,
  serverName: null,
  startTls: null,
  before: null,
});

test("a place of its host's is unled where the login leads nowhere, but not where nobody listens", async () => {
  const opened: PassThrough[] = [];
  const way: ProxyRoute = {
    name: "a login",
    reach: async ({ host }) => {
      if (host === "10.0.0.1") return { outcome: "jump-failed", message: "its sshd connects nobody" };
      if (host === "10.0.0.2") return { outcome: "refused", message: "nobody listens" };
      const stream = new PassThrough();
      opened.push(stream);
      return { stream };
    },
  };
  const all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((address) => verificationAt(address, "host"));
  const here = verificationAt("10.0.0.1", "here");
  const ofLogin = await findUnled([...all, here], way, signal);
  expect(ofLogin).toEqual([{ verification: all[0], why: "10.0.0.1:443: its sshd connects nobody" }]);
  expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
  expect((await findUnled([...all, here], null, signal)).map(({ verification }) => verification)).toEqual(
    all,
  );
});
