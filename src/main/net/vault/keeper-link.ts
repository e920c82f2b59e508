import { Refusal } from "#shared/model/refusal.ts";
import type {
  Answers,
  Ask,
  FromVaultProcess,
  StartVaultProcess,
  VaultChildProcess,
  VaultProcessRequest,
} from "./keeper-messages.ts";

type VaultProcessOptions = {
  start: StartVaultProcess;
  wish: VaultProcessRequest;
  /** The process is gone, whoever ended it. */
  onEnd: () => void;
};

type Waiting = { resolve: (answer: Answers[Ask["what"]]) => void; reject: (error: Error) => void };

/** The keeper as those see it who ask: started by the first question, and ended with all that it knew. */
export class VaultProcess {
  readonly #options: VaultProcessOptions;
  #process: Promise<VaultChildProcess> | null = null;
  #ended = Promise.resolve();
  #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(options: VaultProcessOptions) {
    this.#options = options;
  }

  async ask<What extends Ask["what"]>(ask: Extract<Ask, { what: What }>): Promise<Answers[What]> {
    this.#process ??= this.#begin();
    const process = await this.#process;
    const number = ++this.#asked;
    const answer = new Promise<Answers[Ask["what"]]>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
    process.tell({ kind: "ask", number, ask });
    return (await answer) as Answers[What];
  }

  /** Resolves when the process is gone. */
  async end(): Promise<void> {
    (await this.#process)?.kill();
    await this.#ended;
  }

  async #begin(): Promise<VaultChildProcess> {
    const process = await this.#options.start();
    process.onMessage((message) => this.#hear(message));
    this.#ended = new Promise((resolve) => {
      process.onExit(() => {
        this.#forget();
        resolve();
      });
    });
    process.tell({ kind: "begin", wish: this.#options.wish });
    return process;
  }

  #hear(message: FromVaultProcess): void {
    const waiting = this.#waiting.get(message.number);
    this.#waiting.delete(message.number);
    if (message.kind === "answer") waiting?.resolve(message.answer);
    else if (message.kind === "refusal") waiting?.reject(new Refusal(message.code, message.message));
    else waiting?.reject(new Error(`the vault's keeper failed: ${message.said}`));
  }

  #forget(): void {
    this.#process = null;
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of left)
      reject(new Refusal("locked", "the vault was locked before it had answered; unlock it and try again"));
    this.#options.onEnd();
  }
}
