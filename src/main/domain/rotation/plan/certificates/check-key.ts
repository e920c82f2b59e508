import { type KeyFamily, takesKey } from "#domain/server-configs/deployments-for-client.ts";
import type { Say } from "./check-renewal.ts";
import type { KeyKind } from "#shared/model/key-kind.ts";
import type { Check } from "#shared/model/plan.ts";
import type { KeySettings, PairFacts } from "./renewal-facts.ts";

/**
 * Whether the servers of a certificate take the kind of key that the new one has, where that is another than the old one's: a server
 * without a cipher for it refuses its clients. Asked before anything is ordered, of what the last scan has read.
 */
export function checkKey(
  { keyType, settings }: Pick<PairFacts, "keyType" | "settings">,
  kind: KeyKind,
  say: Say,
): Check[] {
  const family: KeyFamily = kind.startsWith("rsa") ? "RSA" : "ECDSA";
  if (keyType.startsWith("RSA") === (family === "RSA")) return [];
  const servers = new Map(settings.map((one) => [`${one.server} ${one.where}`, one]));
  return [...servers.values()].flatMap((one) => checkServer(one, family, say));
}

function checkServer({ server, where, tls }: KeySettings, family: KeyFamily, say: Say): Check[] {
  const about = `${server} (${where})`;
  const key = family === "RSA" ? "an RSA key" : "an ECDSA key";
  if (tls === null)
    return [
      say(
        "warning",
        "key-kind",
        `whether ${about} takes ${key} is unknown: its settings of TLS are not read`,
      ),
    ];
  if (tls.ciphers === null) return [];
  const isTaken = takesKey(tls.ciphers, family);
  if (isTaken === true) return [];
  const ciphers = `its ciphers ${tls.ciphers.slice(0, 200)}`;
  if (isTaken === null)
    return [
      say("warning", "key-kind", `whether ${about} takes ${key} is unknown: ${ciphers} cannot be told`),
    ];
  return [
    say(
      "consent",
      "key-kind",
      `${about} refuses ${key}: ${ciphers} have none for it${formatVersions(tls.versions)}`,
    ),
  ];
}

/** In TLS 1.3 any key goes with any cipher. */
function formatVersions(versions: readonly string[] | null): string {
  const remedy = "ask for the old kind by --key, or change the ciphers first";
  if (versions === null)
    return `, so clients before TLS 1.3 cannot connect, and others only where it speaks that; ${remedy}`;
  if (versions.includes("TLSv1.3")) return `, so clients before TLS 1.3 cannot connect; ${remedy}`;
  return `, and TLS 1.3 is off: every client would be refused, and the run would take it back; ${remedy}`;
}
