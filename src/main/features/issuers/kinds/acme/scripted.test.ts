import { expect, test } from "vitest";
import { formatFault } from "#domain/acme/fault.ts";
import { createAcmeSender } from "#net/acme/send-acme-request.ts";
import { countWaits, NEVER, openAccount } from "#testing/acme/acme-account.ts";
import {
  type AcmeScript,
  authorizationIn,
  orderIn,
  problem,
  startScriptedAcme,
} from "#testing/acme/start-scripted-acme.ts";
import { findClosedEndpoint } from "#testing/servers.ts";
import { createAcmeClient } from "./client.ts";

/* Scripted servers, for what pebble does not do. */

const NOW = new Date("2026-11-26T12:00:00Z");
const REQUEST = {
  csr: new Uint8Array([1]),
  spki: new Uint8Array(),
  names: [{ type: "dns" as const, value: "a.example" }],
};

/**
 * An order at a server that follows the script. Returns which challenges were answered and removed, and how long it
 * waited.
 */
async function orderAt(script: AcmeScript, more: { orderUrl?: string; signal?: AbortSignal } = {}) {
  await using server = await startScriptedAcme(script);
  const { waits, wait } = countWaits();
  const send = await createAcmeSender({ roots: server.roots });
  const client = createAcmeClient({ url: server.directory, send, now: () => NOW, wait });
  const answered: string[] = [];
  const answer = async ({ name }: { name: string }) => {
    answered.push(name);
    return { kind: "ready" as const, undo: async () => void answered.push(`not ${name}`) };
  };
  const { order } = await openAccount(client);
  const orderUrl = more.orderUrl?.replace("BASE", server.base) ?? null;
  const ordered = await order(REQUEST, { type: "http-01", answer }, { orderUrl }, more.signal);
  const said =
    "chain" in ordered ? "issued" : formatFault("ca.example", ordered, NOW).replaceAll(server.base, "BASE");
  return { said, answered, waits, asked: server.asked };
}

test("a limit of the authority is told with when to try again, and nothing was put anywhere", async () => {
  const limited = problem("rateLimited", 429, { "retry-after": "Thu, 26 Nov 2026 18:30:00 GMT" });
  const { said, answered } = await orderAt({ "POST /order": limited });
  expect(said).toBe(
    "ca.example refuses: it is rateLimited (rateLimited); try again after 2026-11-26 18:30 UTC",
  );
  expect(answered).toEqual([]);
});

test("a limit without a time is told, too", async () => {
  const { said } = await orderAt({ "POST /order": problem("rateLimited", 429) });
  expect(said).toBe(
    "ca.example refuses: it is rateLimited (rateLimited); try again later, or with another name",
  );
});

test("it is waited as long as the authority says, within a minute, and longer each time where it says nothing", async () => {
  const slow = (seconds: string) => ({ ...authorizationIn("pending"), headers: { "retry-after": seconds } });
  const { waits, said } = await orderAt({
    "POST /authz": [authorizationIn("pending"), slow("7"), slow("4000"), authorizationIn("invalid")],
  });
  expect(waits).toEqual([7_000, 60_000]);
  expect(said).toContain("a.example: its authorization is invalid");
});

test("an authority that never decides is waited for ten minutes, and what was put there is taken away", async () => {
  const { waits, said, answered } = await orderAt({ "POST /authz": authorizationIn("pending") });
  expect(said).toBe("ca.example cannot be asked: it has not validated a.example in ten minutes");
  expect(waits.reduce((sum, ms) => sum + ms)).toBeGreaterThanOrEqual(600_000);
  expect(answered).toEqual(["a.example", "not a.example"]);
});

test("an authority that is busy for a moment ends no order", async () => {
  const busy = { status: 503, headers: { "retry-after": "2" }, body: "busy" };
  const { said, waits } = await orderAt({
    "POST /authz": [authorizationIn("pending"), busy, busy, authorizationIn("invalid")],
  });
  expect(waits).toEqual([2_000, 2_000]);
  expect(said).toContain("its authorization is invalid");
});

test("one that stays busy is told of", async () => {
  const { said } = await orderAt({ "POST /authz": { status: 502, body: "<html>" } });
  expect(said).toBe("ca.example refuses: it answers 502 and says no reason");
});

test.for([
  ["of no JSON", "<html>", "it is no ACME directory: what is there is no JSON object"],
  ["without an address", { newNonce: "BASE/nonce" }, "it is no ACME directory: it has no newAccount"],
  [
    "that sends elsewhere",
    { newNonce: "BASE/nonce", newAccount: "https://169.254.169.254/x", newOrder: "BASE/order" },
    "its directory sends elsewhere for newAccount (https://169.254.169.254/x), and only BASE is trusted",
  ],
  [
    "that sends to another port",
    { newNonce: "https://127.0.0.1:22/nonce" },
    "its directory sends elsewhere for newNonce (https://127.0.0.1:22/nonce), and only BASE is trusted",
  ],
] as const)("a directory %s is not gone by", async ([, body, said]) => {
  await using server = await startScriptedAcme({ "GET /directory": { body } });
  const send = await createAcmeSender({ roots: server.roots });
  const client = createAcmeClient({ url: server.directory, send, now: () => NOW, wait: countWaits().wait });
  const fault = await client.directory(NEVER);
  expect(JSON.stringify(fault).replaceAll(server.base, "BASE")).toBe(
    JSON.stringify({ kind: "broken", message: said }),
  );
  expect(server.asked).toEqual(["GET /directory"]);
});

test.for([
  [
    "an order for other names",
    {
      "POST /order": {
        ...orderIn("pending", { identifiers: [{ type: "dns", value: "b.example" }] }),
        headers: { location: "BASE/order/1" },
      },
    },
    "the order is for other names than were asked for",
  ],
  [
    "an order elsewhere",
    { "POST /order": { ...orderIn("pending"), headers: { location: "https://b.example/order/1" } } },
    "the order has no address at BASE",
  ],
  [
    "an order that ends elsewhere",
    {
      "POST /order": {
        ...orderIn("pending", { finalize: "http://b.example/" }),
        headers: { location: "BASE/order/1" },
      },
    },
    "the order cannot be ended at BASE",
  ],
  [
    "an order in a state of its own",
    { "POST /order": { ...orderIn("glad"), headers: { location: "BASE/order/1" } } },
    "the order has no state that is known",
  ],
  [
    "an authorization for another name",
    {
      "POST /authz": {
        body: { identifier: { type: "dns", value: "b.example" }, status: "pending", challenges: [] },
      },
    },
    "it asks about b.example, which was not asked for",
  ],
  [
    "a token that is a path",
    { "POST /authz": authorizationIn("pending", { token: "../../etc/cron.d/x" }) },
    "a challenge for a.example has no address at BASE, or no usable token",
  ],
  [
    "a redirect",
    { "POST /order": { status: 307, headers: { location: "https://b.example/" } } },
    "it redirects to https://b.example/; nobody is followed",
  ],
  ["no nonce", { "HEAD /nonce": { headers: { "replay-nonce": "" } } }, "it has no nonce to sign with"],
  [
    "a certificate that is none",
    {
      "POST /order/1": orderIn("valid", { certificate: "BASE/certificate" }),
      "POST /certificate": { body: "hello" },
    },
    "what it issued is no certificate in PEM",
  ],
  [
    "a certificate elsewhere",
    { "POST /order/1": orderIn("valid", { certificate: "https://b.example/certificate" }) },
    "the order is done, and its certificate is not at BASE",
  ],
  [
    "one request to sign after another",
    { "POST /finalize": orderIn("ready") },
    "it takes the request and asks for it again",
  ],
] as const satisfies [string, AcmeScript, string][])(
  "an authority that answers with %s is not gone by",
  async ([, script, said]) => {
    const ordered = orderAt(script as AcmeScript).catch(({ message }: Error) => ({
      said: message,
      answered: [],
    }));
    const { said: heard, answered } = await ordered;
    expect(heard).toContain(said);
    expect(answered.length % 2).toBe(0);
  },
);

test("an authority that takes no nonce at all is given up", async () => {
  const { said, asked } = await orderAt({ "POST /order": problem("badNonce", 400) });
  expect(said).toBe("ca.example refuses: it is badNonce (badNonce)");
  expect(asked.filter((one) => one === "POST /order")).toHaveLength(20);
});

test("a certificate that never comes is waited for, and its order can be taken up again", async () => {
  const { said } = await orderAt({ "POST /order/1": [orderIn("ready"), orderIn("processing")] });
  expect(said).toBe(
    "ca.example cannot be asked: it has not made the certificate in ten minutes; the order can be taken up again",
  );
});

test("a request that was taken by an order before is not sent again", async () => {
  const { asked, said } = await orderAt(
    { "POST /order/1": [orderIn("processing"), orderIn("invalid")] },
    { orderUrl: "BASE/order/1" },
  );
  expect(asked).not.toContain("POST /order");
  expect(asked).not.toContain("POST /finalize");
  expect(said).toBe("ca.example refuses: the order is invalid, and no reason is said");
});

test("an order's address elsewhere is never asked", async () => {
  const { asked } = await orderAt({}, { orderUrl: "https://b.example/order/1" });
  expect(asked).toContain("POST /order");
});

test("whoever stops an order has what was put there taken away", async () => {
  const stopping = new AbortController();
  const script = { "POST /authz": authorizationIn("pending") };
  await using server = await startScriptedAcme(script);
  const send = await createAcmeSender({ roots: server.roots });
  const wait = async () => stopping.abort(new Error("stopped"));
  const client = createAcmeClient({ url: server.directory, send, now: () => NOW, wait });
  const { order } = await openAccount(client);
  const done: string[] = [];
  const answer = async () => ({ kind: "ready" as const, undo: async () => void done.push("undone") });
  const ordered = order(REQUEST, { type: "http-01", answer }, {}, stopping.signal);
  await expect(ordered).rejects.toThrow("stopped");
  expect(done).toEqual(["undone"]);
});

test("an authority that is down is told of at once", async () => {
  const { host, port } = await findClosedEndpoint();
  const send = await createAcmeSender({ roots: null });
  const { waits, wait } = countWaits();
  const client = createAcmeClient({ url: `https://${host}:${port}/dir`, send, now: () => NOW, wait });
  expect(await client.directory(NEVER)).toEqual({
    kind: "unanswered",
    message: `the connection was refused: nothing listens on port ${port}`,
  });
  expect(waits).toEqual([]);
});

test("a limit while an order is read again is told, and begins no other one", async () => {
  const limited = problem("rateLimited", 429, { "retry-after": "3600" });
  const { said, asked } = await orderAt({ "POST /order/1": limited }, { orderUrl: "BASE/order/1" });
  expect(said).toMatch(/^ca.example refuses: it is rateLimited .*; try again after/);
  expect(asked).not.toContain("POST /order");
});

test("an order that wants more to be shown than it has names is not gone through", async () => {
  const greedy = orderIn("pending", { authorizations: ["BASE/authz", "BASE/more"] });
  const { said, answered } = await orderAt({
    "POST /order": { ...greedy, status: 201, headers: { location: "BASE/order/1" } },
  });
  expect(said).toContain("the order wants more to be shown than it has names");
  expect(answered).toEqual([]);
});
