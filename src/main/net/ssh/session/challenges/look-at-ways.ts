import { isIP } from "node:net";
import type { Hand, Lost } from "#net/ssh/session/hand.ts";
import { CHALLENGE_SERVERS, type ChallengeServer } from "./put-challenge.ts";

/** The text of a running server's configuration: files after lines that name them, and what it was started with. */
export type ServerDump = { server: "nginx" | "apache"; commandLine: string[]; text: string };

export type WaysLook = {
  /** At the ports that were asked about; null: could not be told. `address`: as text. */
  listeners: { port: number; address: string; program: string | null }[] | null;
  servers: ChallengeServer[];
  hasOpenssl: boolean;
  isRoot: boolean;
  dumps: ServerDump[];
  /** Why there is no dump of a server that runs: "nginx runs in a container". */
  unreadable: string[];
};

const DEADLINE_MS = 60_000;
const MOST_SAID = 300;

/** Looks how challenges could be answered on a host. Nothing is changed. */
export async function lookAtWays(
  hand: Hand,
  ports: readonly number[] = [80, 443],
): Promise<{ kind: "seen"; look: WaysLook } | { kind: "refused"; message: string } | Lost> {
  const request = { verb: "challenge_look", words: ports.map(String) };
  const answer = await hand.ask(request, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  const { told, data, status } = answer;
  if (status !== "ok") return { kind: "refused", message: "the host did not tell what listens there" };
  const all = (name: string) => told.get(name) ?? [];
  const servers: readonly string[] = all("servers")[0] ?? [];
  return {
    kind: "seen",
    look: {
      listeners: told.has("no-listeners") ? null : all("listener").flatMap(readListener),
      servers: CHALLENGE_SERVERS.filter((one) => servers.includes(one)),
      hasOpenssl: told.has("openssl"),
      isRoot: hand.uid === 0,
      dumps: (["nginx", "apache"] as const).flatMap((server) =>
        all(server).flatMap(([pid = "", ...commandLine]) => {
          const text = data.get(`${server}-${pid}`);
          return text ? [{ server, commandLine, text: Buffer.from(text).toString("utf8") }] : [];
        }),
      ),
      unreadable: [
        ...all("contained").map(([server = ""]) => `${server} runs in a container`),
        ...all("unread").map(([server = ""]) => `whose ${server} runs could not be told`),
        ...all("strange").map(([server = "", why = ""]) => formatStrange(server, why)),
        ...all("problem").map(([server = "", why = ""]) =>
          `${server} does not tell its configuration: ${why}`.slice(0, MOST_SAID),
        ),
      ],
    },
  };
}

/** Why a server that runs is not asked for its configuration, by the host's words; others' are not known here. */
const STRANGE: Readonly<Record<string, string>> = {
  mounts:
    "has mounts of its own, as a service with PrivateTmp has, so what its files are there could not be told",
  elsewhere:
    "has processes or a root folder of its own, as in a container or a chroot, so what its files are there could not be told",
  program:
    "is a program that others than root may write, or another one by that name, so root does not ask it for its configuration",
  login:
    "was started by somebody who logged in, with words of theirs, so root does not ask it for its configuration",
  files:
    "was started with a file that is not there, or that others than root may write, so root does not ask it for its configuration",
  unknown:
    "was started with a path of which could not be told where it leads, so root does not ask it for its configuration",
};

const formatStrange = (server: string, why: string): string =>
  `${server} ${STRANGE[why] ?? "is not asked for its configuration"}`;

const readListener = ([port = "", address = "", program]: readonly string[]) => {
  const text = readAddress(address);
  if (!/^[0-9A-F]{4}$/.test(port) || text === null) return [];
  return [{ port: Number.parseInt(port, 16), address: text, program: program?.trim() || null }];
};

/** As the kernel writes it: words of four bytes, each backwards. */
function readAddress(hex: string): string | null {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return null;
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, "hex")].reverse());
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  ).join(":");
  const text = new URL(`http://[${groups}]`).hostname.slice(1, -1);
  return isIP(text) === 6 ? text : null;
}
