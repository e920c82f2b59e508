import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { vaultEnvironment } from "#shared/model/child-environment.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { Sealed, VaultState, VaultStatus } from "#shared/model/issuers/vault.ts";
import type { ScryptCost } from "#shared/model/issuers/vault-file.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import { SCRYPT_COST } from "./key-wraps.ts";
import { createUnmasking, sealTo } from "./sealed-box.ts";
import {
  ABSENT,
  type Answers,
  type FromVaultProcess,
  LOCKED,
  type PassphraseInput,
  type StartVaultProcess,
  type ToVaultProcess,
  type Vault,
  type VaultChildProcess,
  type VaultProcessSettings,
  type VaultRequest,
} from "./vault.ts";
import { readVault, writeLockMark } from "./vault-file.ts";

const IDLE_MINUTES = 10;

type Options = {
  path: string;
  start?: StartVaultProcess;
  /** The cost of each try of a passphrase. */
  cost?: ScryptCost;
  idleMs?: number;
  now?: () => Date;
  /** Called after it was created, unlocked or locked. */
  onChange?: () => void;
};

/** The vault of a file, which need not exist yet. A process is started only when one is needed. */
export function createVault({
  path,
  start = forkVaultProcess,
  ...options
}: Options): Vault & AsyncDisposable {
  const { cost = SCRYPT_COST, idleMs = IDLE_MINUTES * 60_000, onChange = () => undefined } = options;
  const { now = () => new Date() } = options;
  const at = () => toInstant(now());
  let isOpen = false;
  const setOpen = (next: boolean) => {
    if (isOpen === next) return;
    isOpen = next;
    onChange();
  };
  const vaultProcess = new VaultProcess({
    start,
    settings: { path, cost, idleMs },
    onEnd: () => setOpen(false),
  });
  const state = (): VaultState => (isOpen ? "open" : existsSync(path) ? "locked" : "absent");
  const seal = async (input: PassphraseInput): Promise<Sealed> =>
    input instanceof Redacted ? sealTo(await vaultProcess.request({ what: "receiver" }), input) : input;

  return {
    state,
    receiver: () => vaultProcess.request({ what: "receiver" }),
    status: async () => statusOf(path, state(), idleMs / 60_000),
    listed: async (kind) =>
      (readVault(path)?.content.entries ?? [])
        .filter((entry) => entry.kind === kind)
        .map(({ id, label }) => ({ id, label })),
    ...lockMethods({ vaultProcess, seal, setOpen, onChange, at, path }),
    ...secretMethods(seal, async (request) => {
      // Only an open vault can answer this, so no process is started for it.
      if (!isOpen) throw new Refusal("locked", state() === "absent" ? ABSENT : LOCKED);
      return await vaultProcess.request(request).catch(async (error: unknown) => {
        // Another program has locked the vault, or given it a new data key.
        if (error instanceof Refusal && error.code === "locked") await vaultProcess.end();
        throw error;
      });
    }),
    [Symbol.asyncDispose]: () => vaultProcess.end(),
  };
}

type Seal = (input: PassphraseInput) => Promise<Sealed>;
type LockDeps = {
  vaultProcess: VaultProcess;
  seal: Seal;
  setOpen: (isOpen: boolean) => void;
  onChange: () => void;
  at: () => Instant;
  path: string;
};

/** The methods that open and lock it. */
function lockMethods({ vaultProcess, seal, setOpen, onChange, at, path }: LockDeps) {
  const sealOrNull = async (input: PassphraseInput | null) => input && (await seal(input));
  const change = async (
    kind: "passphrase" | "recovery",
    current: PassphraseInput,
    next: PassphraseInput | null,
  ) => {
    const typed = { current: await seal(current), next: await sealOrNull(next) };
    const answer = await vaultProcess.request({ what: "change", kind, ...typed, at: at() });
    if (answer === "changed") {
      setOpen(true);
      onChange();
    }
    return { kind: answer };
  };
  return {
    async create(passphrase, recovery) {
      const typed = { passphrase: await seal(passphrase), recovery: await sealOrNull(recovery) };
      await vaultProcess.request({ what: "create", ...typed, at: at() });
      setOpen(true);
    },
    async unlock(passphrase) {
      const answer = await vaultProcess.request({ what: "unlock", passphrase: await seal(passphrase) });
      if (answer === "open") setOpen(true);
      return { kind: answer };
    },
    async unlockByKeyring() {
      await vaultProcess.request({ what: "unlock-by-keyring" });
      setOpen(true);
    },
    async lock() {
      await vaultProcess.end();
      writeLockMark(path);
    },
    changePassphrase: (current, next) => change("passphrase", current, next),
    changeRecovery: (current, next) => change("recovery", current, next),
    async setKeyring(isUsed) {
      await vaultProcess.request({ what: "set-keyring", isUsed, at: at() });
      onChange();
    },
  } satisfies Partial<Vault>;
}

/** The methods of an open vault. */
function secretMethods(seal: Seal, request: VaultProcess["request"]) {
  return {
    createKey: (kind, about) => request({ what: "create-key", kind, about }),
    importKey: async (file, about) => request({ what: "import-key", secret: await seal(file), about }),
    keep: async (secret, about) => request({ what: "keep", secret: await seal(secret), about }),
    sign: (id, data, how) => request({ what: "sign", id, data, how }),
    hmacSha256: (id, data) => request({ what: "hmac", id, data }),
    async open(id) {
      const mine = createUnmasking();
      return mine.open(await request({ what: "open", id, publicKey: mine.publicKey }));
    },
    forget: async (id) => void (await request({ what: "forget", id })),
  } satisfies Partial<Vault>;
}

function statusOf(path: string, state: VaultState, idleMinutes: number): VaultStatus {
  const none = { state, file: path, problem: null, wraps: [], kept: [], idleMinutes };
  try {
    const { wraps = [], entries = [] } = readVault(path)?.content ?? {};
    const kinds = Map.groupBy(entries, ({ kind }) => kind);
    return {
      ...none,
      wraps: wraps.map(({ kind, since }) => ({ kind, since })),
      kept: [...kinds].map(([kind, { length }]) => ({ kind, count: length })),
    };
  } catch (error) {
    if (error instanceof Refusal) return { ...none, problem: error.message };
    throw error;
  }
}

type VaultProcessOptions = {
  start: StartVaultProcess;
  settings: VaultProcessSettings;
  /** Called when the process is gone, however it ended. */
  onEnd: () => void;
};

type Waiting = { resolve: (answer: Answers[VaultRequest["what"]]) => void; reject: (error: Error) => void };

/** The vault process as its clients see it: the first request starts it; when it ends, all that it knew is gone. */
class VaultProcess {
  readonly #options: VaultProcessOptions;
  #process: Promise<VaultChildProcess> | null = null;
  #ended = Promise.resolve();
  #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(options: VaultProcessOptions) {
    this.#options = options;
  }

  async request<What extends VaultRequest["what"]>(
    request: Extract<VaultRequest, { what: What }>,
  ): Promise<Answers[What]> {
    this.#process ??= this.#begin();
    const process = await this.#process;
    const number = ++this.#asked;
    const answer = new Promise<Answers[VaultRequest["what"]]>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
    process.send({ kind: "request", number, request });
    return (await answer) as Answers[What];
  }

  /** Resolves when the process is gone. */
  async end(): Promise<void> {
    (await this.#process)?.kill();
    await this.#ended;
  }

  async #begin(): Promise<VaultChildProcess> {
    const process = await this.#options.start();
    process.onMessage((message) => this.#receive(message));
    this.#ended = new Promise((resolve) => {
      process.onExit(() => {
        this.#forget();
        resolve();
      });
    });
    process.send({ kind: "begin", settings: this.#options.settings });
    return process;
  }

  #receive(message: FromVaultProcess): void {
    const waiting = this.#waiting.get(message.number);
    this.#waiting.delete(message.number);
    if (message.kind === "answer") waiting?.resolve(message.answer);
    else if (message.kind === "refusal") waiting?.reject(new Refusal(message.code, message.message));
    else waiting?.reject(new Error(`the vault process failed: ${message.said}`));
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

/** Beside this file, both as source and as built: a build has all parts of the program in one folder. */
const VAULT_PROCESS = fileURLToPath(new URL(`./vault-process${extname(import.meta.url)}`, import.meta.url));

/** Starts the vault process under Node, with none of this process's environment but what it needs. */
export async function forkVaultProcess(): Promise<VaultChildProcess & { pid: number | undefined }> {
  // Node passes this variable on by itself unless it is undefined here.
  const env = Object.assign(vaultEnvironment(process.env), { NODE_V8_COVERAGE: undefined });
  const child = fork(VAULT_PROCESS, [], {
    execArgv: [],
    env,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    pid: child.pid,
    send: (message: ToVaultProcess) => {
      // If the process has just ended, its exit event says so.
      child.send(message, () => undefined);
    },
    onMessage: (listener) => child.on("message", (message) => listener(message as FromVaultProcess)),
    onExit: (listener) => void ended.then(listener),
    kill: () => void child.kill("SIGKILL"),
  };
}
