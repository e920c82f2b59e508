import { Refusal, type RefusalCode } from "#shared/model/refusal.ts";

/** An error as it goes from one thread to another, where its class and its code would be lost. */
export type CarriedError = {
  refusal: RefusalCode | null;
  name: string;
  message: string;
  stack: string;
  code: string | null;
  cause: CarriedError | null;
};

export function carryError(error: unknown): CarriedError {
  if (!(error instanceof Error))
    return carryError(new Error(`a ${typeof error} was thrown that is no error`));
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? "",
    refusal: error instanceof Refusal ? error.code : null,
    code: typeof code === "string" ? code : null,
    cause: error.cause instanceof Error ? carryError(error.cause) : null,
  };
}

export function reviveError({ refusal, name, message, stack, code, cause }: CarriedError): Error {
  const options = cause ? { cause: reviveError(cause) } : {};
  if (refusal) return new Refusal(refusal, message, options);
  return Object.assign(new Error(message, options), { name, stack, ...(code !== null && { code }) });
}
