/** Why a request was refused. Each code means one thing to every shell; the status is the HTTP one. */
export const REFUSALS = {
  "invalid-input": { status: 400 },
  "read-only": { status: 403 },
  "not-found": { status: 404 },
  conflict: { status: 409 },
  "too-many": { status: 413 },
  locked: { status: 423 },
  unreachable: { status: 502 },
  unusable: { status: 507 },
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** The caller requested what cannot be done. The message is a sentence for people: what, where, and what to do. */
export class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Another process has the database open to write. `by` names it. */
export class DatabaseHeld extends Refusal {
  readonly path: string;
  readonly by: string;

  constructor(path: string, by: string) {
    super("locked", `${path} is held by ${by}; close it or wait until it has ended`);
    this.path = path;
    this.by = by;
  }
}
