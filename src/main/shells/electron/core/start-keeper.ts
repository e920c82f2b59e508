import type { AppOptions } from "#app";
import { type FromCore, ToCore } from "./core-messages.ts";
import type { Keepers } from "./keepers.ts";

type StartVaultProcess = NonNullable<AppOptions["startKeeper"]>;
type VaultChildProcess = Awaited<ReturnType<StartVaultProcess>>;
type Message = Parameters<Parameters<VaultChildProcess["onMessage"]>[0]>[0];

/** The sliver of a port to a keeper that is used. Electron puts what is said in an event, and Node does not. */
type Port = {
  on(event: "message", listener: (event: Message | { data: Message }) => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
};

type Parent = { on(event: "message", listener: (event: { data?: unknown; ports: Port[] }) => void): unknown };

/** How the core has the window's process start a keeper: it is asked for one, and answers with a port to it. */
export function createVaultProcessStarter(
  parent: Parent,
  tell: (message: FromCore) => void,
): StartVaultProcess {
  const waiting = new Map<number, (port: Port) => void>();
  const ended = new Map<number, PromiseWithResolvers<void>>();
  let started = 0;

  parent.on("message", ({ data, ports: [port] }) => {
    const message = ToCore.safeParse(data).data;
    if (message?.kind === "keeper" && port) waiting.get(message.id)?.(port);
    if (message?.kind === "keeper-ended") ended.get(message.id)?.resolve();
  });

  return async () => {
    const id = ++started;
    const end = Promise.withResolvers<void>();
    ended.set(id, end);
    const port = await new Promise<Port>((resolve) => {
      waiting.set(id, resolve);
      tell({ kind: "start-keeper", id });
    });
    waiting.delete(id);
    return {
      tell: (message) => port.postMessage(message),
      onMessage: (hear) => {
        port.on("message", (event) => hear("kind" in event ? event : event.data));
        port.start();
      },
      onExit: (hear) => void end.promise.then(hear),
      kill: () => tell({ kind: "end-keeper", id }),
    };
  };
}

/** The same where the window's process is the core itself, as for a command. */
export function startKeepersHere(keepers: Pick<Keepers<Port>, "start" | "end">): StartVaultProcess {
  let hear: Parameters<Parent["on"]>[1] = () => undefined;
  const parent: Parent = {
    on: (_, listener) => {
      hear = listener;
    },
  };
  return createVaultProcessStarter(parent, (message) => {
    const core = { postMessage: (data: ToCore, ports: Port[] = []) => hear({ data, ports }) };
    if (message.kind === "start-keeper") keepers.start(message.id, core);
    if (message.kind === "end-keeper") keepers.end(message.id);
  });
}
