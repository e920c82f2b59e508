import { createServer, type Server } from "node:https";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen } from "#testing/servers.ts";

/**
 * `body`: JSON, with BASE for the server's own address; a string is sent as it is. No nonce is sent if `headers` sets
 * it to "".
 */
type AcmeSaid = { status?: number; headers?: Record<string, string>; body?: unknown };

/** The replies to `POST /order`: the first, the second, and so on; the last one repeats for ever. */
export type AcmeScript = Record<string, AcmeSaid | readonly [AcmeSaid, ...AcmeSaid[]]>;

const ORDER = {
  identifiers: [{ type: "dns", value: "a.example" }],
  authorizations: ["BASE/authz"],
  finalize: "BASE/finalize",
};

/** An order in this state. */
export const orderIn = (status: string, more: object = {}): AcmeSaid => ({
  body: { ...ORDER, status, ...more },
});

/** The authorization of a.example in this state, with one challenge. */
export const authorizationIn = (status: string, challenge: object = {}): AcmeSaid => ({
  body: {
    identifier: { type: "dns", value: "a.example" },
    status,
    challenges: [
      { type: "http-01", url: "BASE/challenge", status: "pending", token: "token-token-token", ...challenge },
    ],
  },
});

export const problem = (type: string, status: number, headers: Record<string, string> = {}): AcmeSaid => ({
  status,
  headers,
  body: { type: `urn:ietf:params:acme:error:${type}`, detail: `it is ${type}` },
});

/** Everything succeeds, except that nothing is ever issued: the order stays in processing. */
const USUAL: AcmeScript = {
  "GET /directory": {
    body: {
      newNonce: "BASE/nonce",
      newAccount: "BASE/account",
      newOrder: "BASE/order",
      revokeCert: "BASE/revoke",
      renewalInfo: "BASE/renewal",
      meta: {},
    },
  },
  "HEAD /nonce": {},
  "POST /account": { status: 201, headers: { location: "BASE/account/1" }, body: { status: "valid" } },
  "POST /order": { ...orderIn("pending"), status: 201, headers: { location: "BASE/order/1" } },
  "POST /authz": [authorizationIn("pending"), authorizationIn("valid")],
  "POST /challenge": {},
  "POST /order/1": orderIn("ready"),
  "POST /finalize": orderIn("processing"),
};

/**
 * A scripted server, not an ACME server: for what pebble does not do. It verifies no signature and keeps no state.
 * `asked` lists every request, as `POST /order`.
 */
export async function startScriptedAcme(script: AcmeScript = {}) {
  const { pem, keyPem } = await makeCertificate({ names: ["127.0.0.1"] });
  const all = { ...USUAL, ...script };
  const asked: string[] = [];
  let base = "";
  const server = createServer({ cert: pem, key: keyPem }, (request, response) => {
    request.resume();
    const key = `${request.method} ${request.url}`;
    const {
      status = 200,
      headers = {},
      body = {},
    } = take(all[key], asked.filter((one) => one === key).length);
    asked.push(key);
    const fill = (text: string) => text.replaceAll("BASE", base);
    const sent = { "replay-nonce": `nonce-${asked.length}`, ...headers };
    const filled = Object.entries(sent).flatMap(([name, value]) => (value ? [[name, fill(value)]] : []));
    response
      .writeHead(status, Object.fromEntries(filled))
      .end(typeof body === "string" ? body : fill(JSON.stringify(body)));
  });
  const { endpoint, [Symbol.asyncDispose]: stop } = await listen(server as unknown as Server);
  base = `https://127.0.0.1:${endpoint.port}`;
  return { directory: `${base}/directory`, base, roots: pem, asked, [Symbol.asyncDispose]: stop };
}

const take = (said: AcmeScript[string] | undefined, times: number): AcmeSaid =>
  said === undefined
    ? { status: 404, body: "there is nothing" }
    : Array.isArray(said)
      ? (said[Math.min(times, said.length - 1)] as AcmeSaid)
      : (said as AcmeSaid);
