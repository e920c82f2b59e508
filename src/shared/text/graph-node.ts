import { assertNever } from "../model/assert-never.ts";
import type { GraphNode } from "../model/graph.ts";

const place = ({ host, port }: { host: string; port: number }): string => {
  if (port === 22) return host;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
};

/** The name of a thing, as `graph reach` takes it. May hold what strangers wrote. */
export function nameNode(node: GraphNode): string {
  switch (node.kind) {
    case "account":
      return `${node.account}@${place(node)}`;
    case "key":
      return node.fingerprint;
    case "person":
      return `person:${node.name}`;
    case "this-computer":
      return THIS_COMPUTER;
    case "agent":
      return `${formatAgent(node.origin)} of ${node.account}@${place(node)}`;
    default:
      return assertNever(node);
  }
}

export const THIS_COMPUTER = "this computer";

const formatAgent = (origin: "forwarded" | "local" | "unknown"): string =>
  origin === "unknown" ? "agent" : `${origin} agent`;
