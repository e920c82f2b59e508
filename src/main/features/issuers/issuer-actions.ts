import { printPem } from "#codec/pem.ts";
import { readRequestFile } from "#domain/issuing/read-request.ts";
import { answer } from "#net/challenges/answer.ts";
import { randomToken } from "#net/ssh/session/remote-session.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ChallengeMethod, IssuerKind } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";
import { secretsOfChallenge } from "./issuer-settings.ts";
import type { IssuerDriver } from "./kinds/issuer-kind.ts";
import type { LocalIssuer } from "./kinds/local.ts";

type Deps = {
  store: Store;
  vault: Vault;
  now: () => Date;
  drivers: Record<IssuerKind, IssuerDriver>;
  local: LocalIssuer;
};

/** Actions on an issuer that was added. */
export function createIssuerActions({ store, vault, now, drivers, local }: Deps) {
  return { remove, test, sign };

  async function remove(issuer: IssuerRow): Promise<Record<string, never>> {
    const { id, name, kind } = issuer;
    const challenge = store.issuers.acme.find(id)?.challenge;
    const secrets = [...drivers[kind].secretsOf(issuer), ...secretsOfChallenge(challenge)];
    // The secrets go first: one that no issuer names could never be removed.
    if (vault.state() !== "absent") for (const secret of secrets) await vault.forget(secret);
    await store.queueWrite(() => {
      store.issuers.remove(id);
      store.events.append({ at: toInstant(now()), kind: "issuer-removed", detail: { name, kind } });
    });
    return {};
  }

  /** `name`: the name for which a DNS record may be created and removed, to try the challenge method. */
  async function test(issuer: IssuerRow, name: string | null) {
    const challenge = store.issuers.acme.find(issuer.id)?.challenge ?? null;
    const parts = [
      await drivers[issuer.kind].test(issuer),
      ...(challenge ? [await tryChallenge(vault, { challenge, name })] : []),
    ];
    const tested = {
      isSound: parts.every((part) => part.isSound),
      lines: parts.flatMap(({ lines }) => lines),
    };
    const detail = { name: issuer.name, isSound: tested.isSound };
    await store.queueWrite(() =>
      store.events.append({ at: toInstant(now()), kind: "issuer-tested", detail }),
    );
    return tested;
  }

  async function sign(issuer: IssuerRow, { base64, days }: { base64: string; days: number | null }) {
    local.authorityOf(issuer);
    const csr = readRequestFile(Buffer.from(base64, "base64"));
    if (!csr)
      throw new Refusal(
        "invalid-input",
        "the file holds no certificate signing request, or several; give one of PEM or DER",
      );
    const signed = await local.sign(issuer, csr, days);
    if (signed.kind === "refused") throw new Refusal("invalid-input", signed.message);
    const { sha256, serial, names, notAfter } = signed.certificate;
    return { pem: signed.chain.map(printPem).join(""), sha256, serial, names, notAfter };
  }
}

type Trial = {
  challenge: ChallengeMethod;
  /** The name of the record; null where the challenge method has a name of its own. */
  name: string | null;
};

/** Short, because a person waits for it. */
const SPREAD_MS = 30_000;
const HOOK_MS = 60_000;

/**
 * Tests a DNS challenge method: it creates a record that no authority looks up, checks it at the zone's servers, and
 * removes it.
 */
export async function tryChallenge(
  { open }: Pick<Vault, "open">,
  { challenge, name }: Trial,
): Promise<TestedIssuer> {
  switch (challenge.kind) {
    case "webroot":
    case "served-on-host":
    case "tls-alpn":
      return {
        isSound: true,
        lines: ["names are shown to be yours on each host, and that is tried when it is planned"],
      };
    case "dns-hook":
      return name === null
        ? {
            isSound: true,
            lines: [
              `${challenge.program} was not tried: say for which name a record may be made and taken away`,
            ],
          }
        : tryRecord(challenge, name, open);
    case "rfc2136":
      return tryRecord(challenge, name ?? `latchkey-test.${challenge.zone}`, open);
    default:
      return assertNever(challenge);
  }
}

async function tryRecord(
  challenge: ChallengeMethod,
  name: string,
  openSecret: Vault["open"],
): Promise<TestedIssuer> {
  const token = randomToken();
  const { signal } = new AbortController();
  const near = {
    session: null,
    address: null,
    spreadMs: SPREAD_MS,
    hookMs: HOOK_MS,
    openSecret,
    token,
    signal,
  };
  const answered = await answer(challenge, { type: "dns-01", name, txt: `latchkey-test-${token}` }, near);
  if (answered.kind === "failed") return { isSound: false, lines: [answered.message] };
  const { note, undo } = answered;
  const undone = await undo();
  const made = `a record for ${name} was made and seen`;
  if (undone.kind === "left")
    return { isSound: false, lines: [made, `it could not be taken away: ${undone.message}`] };
  return { isSound: true, lines: [`${made}, and taken away again`, ...(note === null ? [] : [note])] };
}
