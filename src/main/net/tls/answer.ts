import type { Silence } from "./exchange.ts";
import type { Greeting } from "./greeting-reader.ts";

/** What came of a handshake: what the server said, or how it fell silent. */
export type Answer = Greeting | Silence;
