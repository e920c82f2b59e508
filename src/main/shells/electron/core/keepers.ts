import type { ToCore } from "./core-messages.ts";

/** The sliver of a utility process that is used. */
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
 * The processes of the vault, started for the core, which cannot start one: a packaged Electron runs as no Node. What the
 * two say to each other does not pass through the window's process.
 */
export class Keepers<Port> {
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
      core.postMessage({ kind: "keeper-ended", id });
    });
    child.postMessage(null, [port1]);
    core.postMessage({ kind: "keeper", id }, [port2]);
  }

  end(id: number): void {
    this.#running.get(id)?.kill();
  }

  /** The core is gone, and with it whoever may ask. */
  endAll(): void {
    for (const child of this.#running.values()) child.kill();
    this.#running.clear();
  }
}
