import type { CoreStatus } from "#shared/contract/transport/desktop.ts";
import { FromCore, type ToCore } from "./core-messages.ts";
import type { VaultProcesses } from "./vault-processes.ts";

/** The part of a utility process that is used. */
export type Child<Port> = {
  on(event: "message", listener: (message: unknown) => void): unknown;
  once(event: "exit", listener: (code: number) => void): unknown;
  postMessage(message: ToCore, ports?: Port[]): void;
  kill(): boolean;
};

type Options<Port> = {
  fork: () => Child<Port>;
  /** Starts and ends vault processes. */
  vaultProcesses?: Pick<VaultProcesses<Port>, "start" | "end" | "endAll">;
  /** The status has changed. */
  onStatus: () => void;
  /** In milliseconds. */
  now?: () => number;
  /** How long the core may take to close its database; a running scan is stopped first. */
  stopWithinMs?: number;
};

/** How often within `WITHIN_MS` it is restarted automatically. If it crashes more often, a person must look at it. */
const MOST_RESTARTS = 3;
const WITHIN_MS = 5 * 60_000;
const STOP_WITHIN_MS = 20_000;

/**
 * The process that holds the database: started, restarted when it crashes, and ended before the app ends. Each crash is
 * reported, and after the third restart in five minutes nothing starts until the user asks for it.
 */
export class CoreProcess<Port> {
  readonly #options: Options<Port>;
  #status: CoreStatus = { state: "starting", sentence: null };
  #child: Child<Port> | null = null;
  /** The process that cannot open its database: we end it, which is no crash. */
  #unable: Child<Port> | null = null;
  #ended = Promise.withResolvers<void>();
  /** The times of its crashes, in milliseconds. */
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

  /** Sends a page's port to the core that runs. */
  serve(port: Port): void {
    this.#child?.postMessage({ kind: "serve" }, [port]);
  }

  /** Starts it once more after it was given up; the crashes so far do not count any more. */
  async retry(): Promise<void> {
    if (this.#status.state !== "failed") return;
    this.#falls = [];
    this.#become({ state: "starting", sentence: null });
    if (this.#child) await this.#ended.promise;
    if (!this.#isStopping) this.start();
  }

  /** Resolves when the core has closed its database and was ended; after `stopWithinMs` it is ended without a reply. */
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
