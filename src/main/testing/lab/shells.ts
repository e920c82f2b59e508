/** What a host may run the collector with. */
export const SHELLS = ["dash", "busybox sh", "bash", "bash --posix", "ksh"];

/** The two that differ most; the long tests take all of them. */
export const SOME_SHELLS = process.env.LATCHKEY_TEST_SHELLS === "all" ? SHELLS : ["dash", "busybox sh"];
