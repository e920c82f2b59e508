import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { whyRefused, whyRefusedHost } from "#net/refused-address.ts";
import {
  clearChallenges,
  inspectChallengeMethods,
  putChallengeFile,
  serveChallenge,
  showChallenge,
} from "#net/ssh/session/challenges.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { findAddresses } from "#net/tcp-connect.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { AcmeChallenge, ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { type ChallengeDeps, type ChallengeOutcome, giveUp, TYPE_OF_METHOD, type Undo } from "./challenge.ts";
import { answerByHook } from "./dns-hook.ts";
import { answerByUpdate } from "./dns-update.ts";

/**
 * Answers an authority's challenge for a name by this method. It is ready once we have seen the right answer from here,
 * or if the answer cannot be seen from here; its note then says so.
 */
export async function answer(
  method: ChallengeMethod,
  challenge: AcmeChallenge,
  deps: ChallengeDeps,
): Promise<ChallengeOutcome> {
  const isHttp = challenge.type === "http-01";
  switch (method.kind) {
    case "webroot":
      return isHttp ? answerByFile(method, challenge, deps) : refuse(method, challenge);
    case "served-on-host":
      return isHttp ? answerByServer(method, challenge, deps) : refuse(method, challenge);
    case "tls-alpn":
      return challenge.type === "tls-alpn-01"
        ? answerByTls(method, challenge, deps)
        : refuse(method, challenge);
    case "dns-hook":
      return challenge.type === "dns-01" ? answerByHook(method, challenge, deps) : refuse(method, challenge);
    case "rfc2136":
      return challenge.type === "dns-01"
        ? answerByUpdate(method, challenge, deps)
        : refuse(method, challenge);
    default:
      return assertNever(method);
  }
}

const refuse = ({ kind }: ChallengeMethod, { type, name }: AcmeChallenge): ChallengeOutcome => ({
  kind: "failed",
  message: `the authority asks for ${type} of ${name}, and the method that was chosen answers ${TYPE_OF_METHOD[kind]}`,
});

/** Methods in which the host answers: a file in its web server's folder, or a server of ours during the order. */

type Http = Extract<AcmeChallenge, { type: "http-01" }>;
type Tls = Extract<AcmeChallenge, { type: "tls-alpn-01" }>;
type MethodOf<Kind> = Extract<ChallengeMethod, { kind: Kind }>;

const HTTP_PORT = 80;
/** No order takes longer. */
const SERVED_SECONDS = 900;

/** The identifier of one challenge: the same words give the same, so that a repeated step is done once. */
const idOf = (...words: string[]): string =>
  `c${createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 16)}`;

const failed = (message: string): ChallengeOutcome => ({ kind: "failed", message });
const NO_SESSION = "the method that was chosen is by the host itself, to which there is no login";

async function answerByFile(
  method: MethodOf<"webroot">,
  challenge: Http,
  deps: ChallengeDeps,
): Promise<ChallengeOutcome> {
  const { session, token } = deps;
  if (!session) return failed(NO_SESSION);
  const { name, token: file, keyAuthorization } = challenge;
  const id = idOf(name, file);
  const { path: folder, of } = method;
  const put = await putChallengeFile(session, { token, id, folder, of, name: file, text: keyAuthorization });
  const undo = undoBy(session, token, id);
  if (put.kind === "failed") return giveUp(put.message, undo);
  const checked = await checkOverHttp(challenge, { ...deps, port: HTTP_PORT });
  return conclude(checked, undo, `${put.path} was put there: is ${folder} what its web server serves?`);
}

async function answerByServer(
  { port }: MethodOf<"served-on-host">,
  challenge: Http,
  deps: ChallengeDeps,
): Promise<ChallengeOutcome> {
  const { session, token } = deps;
  if (!session) return failed(NO_SESSION);
  const inspected = await inspectChallengeMethods(session, [port]);
  if (inspected.kind === "lost") return failed(`the host was lost: ${inspected.message}`);
  if (inspected.kind === "refused") return failed(inspected.message);
  const [program] = inspected.inspection.servers;
  if (!program)
    return failed("the host has nothing to serve a file by: install python3, perl, busybox or socat there");
  const { name, token: file, keyAuthorization } = challenge;
  const id = idOf(name, file);
  const request = { token, id, port, seconds: SERVED_SECONDS, with: program };
  const served = await serveChallenge(session, {
    ...request,
    path: `${CHALLENGE_PATH}${file}`,
    text: keyAuthorization,
  });
  const undo = undoBy(session, token, id);
  if (served.kind === "failed") return giveUp(served.message, undo);
  const checked = await checkOverHttp(challenge, { ...deps, port });
  return conclude(checked, undo, `it is served by ${program} at port ${port}`);
}

async function answerByTls(
  { port }: MethodOf<"tls-alpn">,
  challenge: Tls,
  deps: ChallengeDeps,
): Promise<ChallengeOutcome> {
  const { session, token } = deps;
  if (!session) return failed(NO_SESSION);
  const { name, digest } = challenge;
  const id = idOf(name, Buffer.from(digest).toString("hex"));
  const shown = await showChallenge(session, { token, id, port, seconds: SERVED_SECONDS, name, digest });
  const undo = undoBy(session, token, id);
  if (shown.kind === "failed") return giveUp(shown.message, undo);
  return conclude(await checkOverTls(challenge, { ...deps, port }), undo, `openssl shows it at port ${port}`);
}

const undoBy =
  (session: RemoteSession, token: string, id: string): Undo =>
  async () => {
    const cleared = await clearChallenges(session, { token, id });
    return cleared.kind === "cleared" ? { kind: "undone" } : cleared;
  };

async function conclude(checked: ChallengeCheck, undo: Undo, what: string): Promise<ChallengeOutcome> {
  if (checked.kind === "wrong") return giveUp(`${checked.message}; ${what}`, undo);
  return { kind: "ready", undo, note: checked.note };
}

/** Checks from here what the authority will see, as far as the host can be reached from here. */

type CheckOptions = {
  /** Address of the host itself; null: unknown. */
  address: string | null;
  port: number;
  signal: AbortSignal;
};

/** `note`: what could not be checked, for a person. `wrong`: an authority would get another answer. */
type ChallengeCheck = { kind: "right"; note: string | null } | { kind: "wrong"; message: string };

type Observation = { kind: "right" } | { kind: "wrong"; said: string } | { kind: "unreached"; why: string };

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 * 1024;
const MOST_REDIRECTS = 10;
const CHALLENGE_PATH = "/.well-known/acme-challenge/";

/** Authorities follow redirects to http and https, and accept any certificate there; so do we. */
export function checkOverHttp(
  { name, token, keyAuthorization }: Extract<AcmeChallenge, { type: "http-01" }>,
  where: CheckOptions,
): Promise<ChallengeCheck> {
  const url = `http://${isIP(name) === 6 ? `[${name}]` : name}${portOf(where.port, 80)}${CHALLENGE_PATH}${token}`;
  return check(name, where, url, async (address) => {
    const got = await get(new URL(url), address, where.signal);
    if ("why" in got) return { kind: "unreached", why: got.why };
    if (got.status === 200 && got.body.trimEnd() === keyAuthorization) return { kind: "right" };
    return { kind: "wrong", said: got.status === 200 ? "another text" : `${got.status}` };
  });
}

function checkOverTls(
  { name, digest }: Extract<AcmeChallenge, { type: "tls-alpn-01" }>,
  where: CheckOptions,
): Promise<ChallengeCheck> {
  return check(name, where, `acme-tls/1 of ${name}`, (address) => {
    const { promise, resolve } = Promise.withResolvers<Observation>();
    const socket = connect({
      host: address,
      port: where.port,
      ALPNProtocols: ["acme-tls/1"],
      rejectUnauthorized: false,
      ...(isIP(name) === 0 && { servername: name }),
    });
    const stop = () => resolve({ kind: "unreached", why: "it did not answer in time" });
    const timer = setTimeout(stop, TIMEOUT_MS);
    where.signal.addEventListener("abort", stop);
    socket.on("error", ({ message }) => resolve({ kind: "unreached", why: message }));
    socket.on("secureConnect", () => {
      const raw = socket.getPeerCertificate().raw;
      const isRight = socket.alpnProtocol === "acme-tls/1" && raw?.includes(Buffer.from(digest));
      resolve(isRight ? { kind: "right" } : { kind: "wrong", said: "another certificate" });
    });
    return promise.finally(() => {
      clearTimeout(timer);
      where.signal.removeEventListener("abort", stop);
      socket.destroy();
    });
  });
}

/**
 * Checks at the host's own address, and at those that the name has here. Authorities query the latter alone: if those
 * all give another answer, it is wrong whatever the host itself says.
 */
async function check(
  name: string,
  { address, signal }: CheckOptions,
  what: string,
  checkFrom: (address: string) => Promise<Observation>,
): Promise<ChallengeCheck> {
  const found = await findAddresses(name, { timeoutMs: TIMEOUT_MS, signal }).catch(() => []);
  const named = Array.isArray(found) ? found : [];
  const own = address !== null && !named.includes(address) ? [address] : [];
  const all = await Promise.all(
    [...named, ...own].map(async (one) => ({ one, isOwn: own.includes(one), seen: await checkFrom(one) })),
  );
  const wrong = all.flatMap(({ one, seen }) => (seen.kind === "wrong" ? [`${seen.said} at ${one}`] : []));
  const unreached = all.flatMap(({ one, seen }) =>
    seen.kind === "unreached" ? [`${one}: ${seen.why}`] : [],
  );
  const isSeen = (kind: Observation["kind"], isOwn: boolean) =>
    all.some((each) => each.seen.kind === kind && each.isOwn === isOwn);
  const isRight = isSeen("right", false) || (isSeen("right", true) && !isSeen("wrong", false));
  if (isRight && wrong.length === 0) return { kind: "right", note: null };
  const said = wrong.join(", ");
  if (isRight)
    return { kind: "right", note: `${what} is right at one address, and is answered with ${said}` };
  if (wrong.length > 0) return { kind: "wrong", message: `${what} is answered with ${said}` };
  const why = unreached.join("; ") || `this computer knows no address of ${name}`;
  return { kind: "right", note: `${what} could not be checked from here: ${why}` };
}

const portOf = (port: number, usual: number): string => (port === usual ? "" : `:${port}`);

type HttpReply = { status: number; body: string } | { why: string };

async function get(first: URL, address: string, signal: AbortSignal): Promise<HttpReply> {
  let [url, at]: [URL, string] = [first, address];
  for (let times = 0; times <= MOST_REDIRECTS; times++) {
    const got = await getOnce(url, at, signal);
    if (!("location" in got)) return got;
    const next = URL.parse(got.location, url.href);
    if (!next || !/^https?:$/.test(next.protocol)) return { why: "it sends us to what is no page" };
    const refused = next.hostname === first.hostname ? null : whyRefusedHost(next);
    if (refused !== null) return { why: `it sends us on: ${refused}` };
    if (next.hostname !== url.hostname) {
      const found = await findAddresses(next.hostname, { timeoutMs: TIMEOUT_MS, signal });
      const isOwn = next.hostname === first.hostname;
      const [other] = (Array.isArray(found) ? found : []).filter(
        (each) => isOwn || whyRefused(each) === null,
      );
      if (!other) return { why: "it sends us to a name that has no address" };
      at = other;
    }
    url = next;
  }
  return { why: "it sends us on and on" };
}

function getOnce(url: URL, address: string, signal: AbortSignal): Promise<HttpReply | { location: string }> {
  const { promise, resolve } = Promise.withResolvers<HttpReply | { location: string }>();
  const isTls = url.protocol === "https:";
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const options = {
    host: address,
    port: url.port || (isTls ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, "user-agent": "latchkey" },
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  };
  const onAnswer = (response: IncomingMessage) => {
    const { statusCode: status = 0, headers } = response;
    if (status >= 300 && status < 400 && headers.location !== undefined) {
      resolve({ location: headers.location });
      request.destroy();
      return;
    }
    let body = "";
    response.setEncoding("latin1").on("data", (piece: string) => {
      body = `${body}${piece}`.slice(0, MOST_BYTES);
      if (body.length === MOST_BYTES) request.destroy();
    });
    response.on("close", () => resolve({ status, body }));
  };
  const request = isTls
    ? https.request(
        { ...options, rejectUnauthorized: false, ...(isIP(name) === 0 && { servername: name }) },
        onAnswer,
      )
    : // Not imported: an import makes Node load more at each start than this needs.
      process.getBuiltinModule("node:http").request(options, onAnswer);
  request.on("error", ({ message }) => resolve({ why: message }));
  request.end();
  return promise;
}
