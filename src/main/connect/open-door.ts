import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { HandOptions } from "#net/ssh/hand/hand-options.ts";
import { openHand } from "#net/ssh/hand/open-hand.ts";
import type { LoginOptions } from "#net/ssh/login-options.ts";
import type { ProofRoute } from "#net/ssh/prove/login-proof.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import { findSsh } from "#net/ssh/system/find-ssh.ts";
import { viewKey } from "#net/ssh/wire.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { Trace } from "#shared/text/trace.ts";
import type { ChosenTransport } from "./choose-transport.ts";
import type { Closed, Door, DoorOptions, DoorWish, Inside, OpenDoor } from "./door.ts";
import { planHosts } from "./plan-hosts.ts";
import type { PrepareApproach } from "./prepare-approach.ts";
import { hasOnlyClientKeys, listClientKeys, listKeys } from "./transports.ts";

export type DoorDeps = {
  prepareApproach: PrepareApproach;
  workstation: Workstation;
  /** The user's own, read anew each time. */
  loadSshConfig: (workstation: Workstation, file: null) => Promise<{ config: SshConfig }>;
  /** POSIX sh: what a hand can do. */
  script: string;
  trace: Trace;
};

/** Logins to hosts, a thousand of them in one run at the most: each run says itself how many it wants at a time. */
const AT_ONCE = { hosts: 64, endpoints: 1, isFixed: true };

/** Opens the way into hosts as scans go it: by ssh_config, through jump hosts, with the keys that there are, each host's key checked. */
export function createDoors({
  prepareApproach,
  workstation,
  loadSshConfig,
  script,
  trace,
}: DoorDeps): OpenDoor {
  return async ({ name, wishes, identityFiles, mayAsk, ask, signal }: DoorOptions): Promise<Door> => {
    const ssh = findSsh();
    const { config } = await loadSshConfig(workstation, null);
    const routeTo = (target: SshTarget) => config.routeTo(target, workstation.user);
    const plan = (asked: readonly DoorWish[]) => planHosts(asked, { routeTo, ssh });
    const preparation = { name, ask, atOnce: AT_ONCE, signal };
    const wish = { acceptNew: false, identityFiles, mayAsk, askPassword: mayAsk, opensLocked: true };
    const approach = await prepareApproach(plan(wishes), wish, preparation);

    return {
      async enter<T>(
        asked: Parameters<Door["enter"]>[0],
        work: (inside: Inside) => Promise<T>,
      ): Promise<{ kind: "entered"; value: T } | Closed> {
        const login = plan([asked])[0]?.hosts[0]?.[0];
        if (!login) throw new Error(`no way was planned to ${asked.target.host}`);
        if (login.route.kind === "unsupported") return refuse(login.route.why);
        await using _jumps = await approach.keepOpen(login.route.jumps);
        const { route, transport } = login;
        const visit = () =>
          approach.visit(route, async (options) => {
            const opened = await openBy({ ...options, ...more(asked, options, script) }, transport, ssh);
            return "ask" in opened ? { opened, options } : opened;
          });
        const wasHeldBack = approach.isHeldBack();
        let { met } = await visit();
        const isRefused = !("opened" in met) && MAY_BE_A_KEY.has(met.outcome);
        if (isRefused && wasHeldBack && (await approach.openLocked())) ({ met } = await visit());
        if (!("opened" in met)) {
          const { outcome, message, isKeyRefused } = met;
          return { kind: "closed", outcome, message, isKeyRefused };
        }
        await using opened = met.opened;
        const hand = traceHand(opened, (...names) => trace("hand", sayPlace(asked.target), ...names));
        const keys = [...met.options.identities, ...listClientKeys(met.options)];
        const inside = { hand, route: routeOf(met.options, hand, ssh), keys };
        return { kind: "entered", value: await work(inside) };
      },
    };
  };
}

const traceHand = (hand: Hand, trace: Trace): Hand => ({
  ...hand,
  async ask(request, limits) {
    trace(request.verb);
    const answer = await hand.ask(request, limits);
    trace(request.verb, answer.kind === "answered" ? answer.status : answer.kind);
    return answer;
  },
});

/** A host, or a machine on the way to it, may have wanted a key that is still locked. */
const MAY_BE_A_KEY: ReadonlySet<string> = new Set(["login-refused", "jump-failed"]);

const refuse = (message: string): Closed => ({
  kind: "closed",
  outcome: "not-supported",
  message,
  isKeyRefused: false,
});

function more(
  { useSudo, hostKey, alsoHostKey = null, target }: Parameters<Door["enter"]>[0],
  { verifyHostKey, trustedKeys = [] }: LoginOptions,
  script: string,
) {
  const isMeant = (blob: Uint8Array) =>
    hostKey === null || viewKey(Buffer.from(blob)).fingerprint === hostKey;
  const isAlso = (blob: Uint8Array) =>
    alsoHostKey !== null && (isMeant(blob) || Buffer.from(alsoHostKey).equals(blob));
  const verify: LoginOptions["verifyHostKey"] = async (question) => {
    if (hostKey !== null && isAlso(question.blob)) return { kind: "trusted" };
    const answer = await verifyHostKey(question);
    if (answer.kind !== "trusted" || isMeant(question.blob)) return answer;
    const message = `${sayPlace(target)} presents another host key than the one that the plan was made with; plan it again`;
    return { kind: "refused", outcome: "host-key-changed", message };
  };
  const { connectMs, readyMs, beginMs } = SSH_LIMITS;
  return {
    script,
    useSudo,
    verifyHostKey: verify,
    trustedKeys: [...trustedKeys.filter(isMeant), ...(alsoHostKey ? [alsoHostKey] : [])],
    limits: { connectMs, readyMs, beginMs },
  };
}

/** As `createTransports` does: by ssh2 where it can, and by OpenSSH's client where that alone can. */
async function openBy(
  options: HandOptions,
  transport: ChosenTransport,
  ssh: string | null,
): Promise<Hand | SshFailure> {
  const bySystem = (keys: ReturnType<typeof listKeys>, again: HandOptions = options) =>
    openHand(again, { by: "system", ssh: ssh ?? "ssh", keys });
  if (transport === "system" || (transport === "either" && ssh !== null && hasOnlyClientKeys(options)))
    return bySystem(listKeys(options));
  const first = await openHand(options, { by: "ssh2" });
  if ("ask" in first || transport === "ssh2" || first.isKeyRefused || ssh === null) return first;
  const left = first.isBeyondSsh2 ? listKeys(options) : listClientKeys(options);
  if (left.length === 0 || (!first.isBeyondSsh2 && first.outcome !== "login-refused")) return first;
  const way = await options.reopen?.();
  if (way && "outcome" in way) return way;
  return bySystem(left, { ...options, ...(way && { way }) });
}

function routeOf(options: LoginOptions, hand: Hand, ssh: string | null): ProofRoute {
  const { target, hostKeyTypes, signal, reopen, way, client } = options;
  const { connectMs, readyMs } = SSH_LIMITS;
  const open = async () => (await reopen?.()) ?? way ?? { addresses: [target.host] };
  return {
    target,
    hostKeyTypes,
    signal,
    open,
    limits: { connectMs, readyMs },
    hostKey: hand.hostKey.blob,
    transport: hand.transport,
    client: ssh && client ? { ssh, login: client } : null,
  };
}
