import { type Lazy as LazyRouter, lazy } from "@orpc/server";

/** A part of the program that is loaded and made once, when it is first needed. */
export type Lazy<T> = {
  (): Promise<T>;
  /** Null as long as nobody has needed it. */
  ifMade(): Promise<T> | null;
};

/** `make` imports what the part consists of. One that fails is tried again at the next call. */
export function lazily<T>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | null = null;
  const get = () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
  return Object.assign(get, { ifMade: () => made });
}

/**
 * The procedures of a feature, which is loaded at its first call and made once: oRPC asks for them again at every call.
 */
export function lazyRouter<Router>(make: () => Promise<Router>): LazyRouter<Router> {
  const get = lazily(make);
  return lazy(async () => ({ default: await get() }));
}
