import { type Lazy as LazyRouter, lazy } from "@orpc/server";

/** A part of the program that is loaded and made when it is first asked for, once. */
export type Lazy<T> = {
  (): Promise<T>;
  /** Null as long as nobody has asked for it. */
  ifMade(): Promise<T> | null;
};

/** `make` imports what the part is made of. */
export function lazily<T>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | null = null;
  const get = () => {
    made ??= make();
    return made;
  };
  return Object.assign(get, { ifMade: () => made });
}

/** The procedures of a feature that is loaded when one of them is first called. */
export const lazyRouter = <Router>(make: () => Promise<Router>): LazyRouter<Router> =>
  lazy(async () => ({ default: await make() }));
