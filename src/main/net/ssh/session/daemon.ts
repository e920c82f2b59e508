/** The sshd that a hand came in by: its configuration and host keys, and having it read both again (resources/rotation/host-key.sh). */
import { exchange } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";

type DaemonLook = {
  /** Files of its configuration, in the order in which sshd reads them. */
  configs: string[];
  /** Why sshd would not take it as it is now, in its own words; null: it would. */
  problem: string | null;
  /** As it uses them. `line`: `type base64`, where it was told. */
  hostKeys: { path: string; keyType: string; fingerprint: string; line: string | null }[];
  /** Names of host keys that are there, used or not. */
  taken: string[];
  /** There is one process that all logins come from. */
  canReload: boolean;
};

/** Of what sshd says. */
const MOST_SAID = 300;

/** `unread`: only root may, or the host has no such sshd. */
export async function lookAtDaemon(
  hand: Hand,
): Promise<{ kind: "seen"; daemon: DaemonLook } | { kind: "unread" } | Lost> {
  const answer = await exchange(hand, { verb: "daemon", words: [] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return { kind: "unread" };
  const all = (name: string) => answer.told.get(name) ?? [];
  return {
    kind: "seen",
    daemon: {
      configs: all("config").flatMap(([path]) => path ?? []),
      problem: all("problem")[0]?.join(" ").slice(0, MOST_SAID) ?? null,
      hostKeys: all("hostkey").map(([path = "", keyType = "", fingerprint = "", base64 = ""]) => ({
        path,
        keyType,
        fingerprint,
        line: /^[A-Za-z0-9+/]+=*$/.test(base64) ? `${keyType} ${base64}` : null,
      })),
      taken: all("taken").flatMap(([path]) => path ?? []),
      canReload: /^\d+$/.test(all("listener")[0]?.[0] ?? ""),
    },
  };
}

/** `bad`: sshd would not take its configuration, and goes on with the one that it has read. */
export async function reloadDaemon(
  hand: Hand,
): Promise<{ kind: "reloaded" } | { kind: "bad"; message: string } | Lost> {
  const answer = await exchange(hand, { verb: "reload", words: [] });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "reloaded" };
  return {
    kind: "bad",
    message: `sshd does not take its configuration: ${answer.words.join(" ").slice(0, MOST_SAID)}`,
  };
}
