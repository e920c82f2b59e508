import type { CoreStatus } from "#shared/contract/transport/desktop.ts";
import { FromCore, type ToCore } from "./core-messages.ts";
import type { VaultProcesses } from "./vault-processes.ts";

/** The sliver of a utility process that is used. */
export type Child<Port> = {
  on(event: "message", listener: (message: unknown) => void): unknown;
  once(event: "exit", listener: (code: number) => void): unknown;
  postMessage(message: ToCore, ports?: Port[]): void;
  kill(): boolean;
};

type Options<Port> = {
  fork: () => Child<Port>;
  /** Starts and ends the processes of the vault. */
  vaultProcesses?: Pick<VaultProcesses<Port>, "start" | "end" | "endAll">;
  /** The status has changed. */
  onStatus: () => void;
  /** In milliseconds. */
  now?: () => number;
  /** So long the core may take to close its database; a scan that runs is stopped first. */
  stopWithinMs?: number;
};

/** So often in so long it is started again by itself. What goes on falling is for a person to inspect. */
const MOST_RESTARTS = 3;
const WITHIN_MS = 5 * 60_000;
const STOP_WITHIN_MS = 20_000;

/**
 * The process that holds the database: started, started again when it falls, and ended before the app does. Each
 * fall is told, and after the third restart in five minutes nothing starts until somebody asks for it.
 */
export class CoreProcess<Port> {
  readonly #options: Options<Port>;
  #status: CoreStatus = { state: "starting", sentence: null };
  #child: Child<Port> | null = null;
  /** The one that cannot open its database: its end is ours, and no fall. */
  #unable: Child<Port> | null = null;
  #ended = Promise.withResolvers<void>();
  /** When it fell, in milliseconds. */
  #falls: number[] = [];
  #isStopping = false;

  constructor(options: Options<Port>) {
    this.#options = options;
  }

  get status(): CoreStatus {
    return this.#status;
  }

  start(): void {
    const child = this.#options.fork();
    this.#child = child;
    this.#ended = Promise.withResolvers<void>();
    child.on("message", (message) => this.#hear(child, FromCore.safeParse(message).data));
    child.once("exit", (code) => {
      this.#child = null;
      this.#options.vaultProcesses?.endAll();
      this.#ended.resolve();
      if (!this.#isStopping && this.#unable !== child) this.#fall(code);
    });
  }

  /** Hands a page's port to the core that runs. */
  serve(port: Port): void {
    this.#child?.postMessage({ kind: "serve" }, [port]);
  }

  /** Starts once more what was given up; the falls so far are forgiven. */
  async retry(): Promise<void> {
    if (this.#status.state !== "failed") return;
    this.#falls = [];
    this.#become({ state: "starting", sentence: null });
    if (this.#child) await this.#ended.promise;
    if (!this.#isStopping) this.start();
  }

  /** Resolves when the core has closed its database and was ended, which happens without its word after a while. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (!child) return;
    child.postMessage({ kind: "stop" });
    const timer = setTimeout(() => child.kill(), this.#options.stopWithinMs ?? STOP_WITHIN_MS);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  #hear(child: Child<Port>, message: FromCore | undefined): void {
    if (message?.kind === "ready") this.#become({ ...this.#status, state: "running" });
    if (message?.kind === "start-vault-process") this.#options.vaultProcesses?.start(message.id, child);
    if (message?.kind === "end-vault-process") this.#options.vaultProcesses?.end(message.id);
    if (message?.kind === "stopped") child.kill();
    if (message?.kind !== "unable") return;
    this.#unable = child;
    child.kill();
    this.#become({ state: "failed", sentence: message.sentence });
  }

  #fall(code: number): void {
    const now = (this.#options.now ?? Date.now)();
    this.#falls = [...this.#falls.filter((at) => now - at < WITHIN_MS), now];
    const times = this.#falls.length;
    if (times > MOST_RESTARTS) {
      this.#become({ state: "failed", sentence: formatGaveUp(times, code) });
    } else {
      this.#become({ state: "restarting", sentence: formatFall(code) });
      this.start();
    }
  }

  #become(status: CoreStatus): void {
    this.#status = status;
    if (!this.#isStopping) this.#options.onStatus();
  }
}

const formatFall = (code: number): string =>
  `the part of Latchkey that reads hosts has stopped (exit code ${code}) and was started again; a scan that was running is shown as interrupted`;

const formatGaveUp = (times: number, code: number): string =>
  `the part of Latchkey that reads hosts has stopped ${times} times in five minutes (exit code ${code} the last time), so it is not started again by itself; nothing that it had read is lost`;
