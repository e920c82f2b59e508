import type { AppOptions } from "#app";
import { type FromCore, ToCore } from "./core-messages.ts";

/** The part of a utility process that is used. */
type VaultProcessChild<Port> = {
  once(event: "exit", listener: () => void): unknown;
  postMessage(message: unknown, ports?: Port[]): void;
  kill(): boolean;
};

type Options<Port> = {
  fork: () => VaultProcessChild<Port>;
  createChannel: () => { port1: Port; port2: Port };
};

type Core<Port> = { postMessage(message: ToCore, ports?: Port[]): void };

/**
 * The vault processes, started for the core, which cannot start one: a packaged Electron does not run as Node. What
 * core and vault send each other does not pass through the window's process.
 */
export class VaultProcesses<Port> {
  readonly #options: Options<Port>;
  readonly #running = new Map<number, VaultProcessChild<Port>>();

  constructor(options: Options<Port>) {
    this.#options = options;
  }

  start(id: number, core: Core<Port>): void {
    const child = this.#options.fork();
    const { port1, port2 } = this.#options.createChannel();
    this.#running.set(id, child);
    child.once("exit", () => {
      if (this.#running.get(id) !== child) return;
      this.#running.delete(id);
      core.postMessage({ kind: "vault-process-ended", id });
    });
    child.postMessage(null, [port1]);
    core.postMessage({ kind: "vault-process", id }, [port2]);
  }

  end(id: number): void {
    this.#running.get(id)?.kill();
  }

  /** The core has ended, and nothing else uses them. */
  endAll(): void {
    for (const child of this.#running.values()) child.kill();
    this.#running.clear();
  }
}

type StartVaultProcess = NonNullable<AppOptions["startVaultProcess"]>;
type VaultChildProcess = Awaited<ReturnType<StartVaultProcess>>;
type Message = Parameters<Parameters<VaultChildProcess["onMessage"]>[0]>[0];

/** The part of a port to a vault process that is used. Electron puts a message in an event, and Node does not. */
type Port = {
  on(event: "message", listener: (event: Message | { data: Message }) => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
};

type Parent = { on(event: "message", listener: (event: { data?: unknown; ports: Port[] }) => void): unknown };

/** How the core starts a vault process: it requests one of the window's process, which answers with a port to it. */
export function createVaultProcessStarter(
  parent: Parent,
  post: (message: FromCore) => void,
): StartVaultProcess {
  const waiting = new Map<number, (port: Port) => void>();
  const ended = new Map<number, PromiseWithResolvers<void>>();
  let started = 0;

  parent.on("message", ({ data, ports: [port] }) => {
    const message = ToCore.safeParse(data).data;
    if (message?.kind === "vault-process" && port) waiting.get(message.id)?.(port);
    if (message?.kind === "vault-process-ended") ended.get(message.id)?.resolve();
  });

  return async () => {
    const id = ++started;
    const end = Promise.withResolvers<void>();
    ended.set(id, end);
    const port = await new Promise<Port>((resolve) => {
      waiting.set(id, resolve);
      post({ kind: "start-vault-process", id });
    });
    waiting.delete(id);
    return {
      send: (message) => port.postMessage(message),
      onMessage: (listen) => {
        port.on("message", (event) => listen("kind" in event ? event : event.data));
        port.start();
      },
      onExit: (listen) => void end.promise.then(listen),
      kill: () => post({ kind: "end-vault-process", id }),
    };
  };
}

/** The same if the window's process is the core itself, as for a command. */
export function startVaultProcessesHere(
  vaultProcesses: Pick<VaultProcesses<Port>, "start" | "end">,
): StartVaultProcess {
  let dispatch: Parameters<Parent["on"]>[1] = () => undefined;
  const parent: Parent = {
    on: (_, listener) => {
      dispatch = listener;
    },
  };
  return createVaultProcessStarter(parent, (message) => {
    const core = { postMessage: (data: ToCore, ports: Port[] = []) => dispatch({ data, ports }) };
    if (message.kind === "start-vault-process") vaultProcesses.start(message.id, core);
    if (message.kind === "end-vault-process") vaultProcesses.end(message.id);
  });
}
