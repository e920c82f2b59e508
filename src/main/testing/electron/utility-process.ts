import { EventEmitter } from "node:events";
import { type MessagePort, Worker } from "node:worker_threads";

/**
 * A stand-in for Electron's utility process: the same events and messages, with a real thread behind them, real ports,
 * and a real exit.
 */
export class UtilityProcess extends EventEmitter {
  readonly #worker: Worker;

  constructor(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    super();
    const boot = new URL("./utility-boot.ts", import.meta.url);
    this.#worker = new Worker(boot, { argv: [...args], env, workerData: { file } });
    this.#worker.on("message", (message) => this.emit("message", message));
    this.#worker.on("error", (error) => process.stderr.write(`${error.stack}\n`));
    this.#worker.on("exit", (code) => this.emit("exit", code));
  }

  postMessage(data: unknown, ports: MessagePort[] = []): void {
    this.#worker.postMessage({ data, ports }, ports);
  }

  kill(): boolean {
    void this.#worker.terminate();
    return true;
  }
}
