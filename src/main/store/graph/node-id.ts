/** What an id of a thing of the graph stands for. */
export type Named =
  | { kind: "account"; host: number; account: string }
  | { kind: "key"; fingerprint: string }
  | { kind: "person"; id: number }
  | { kind: "agent"; id: number }
  | { kind: "this-computer" };

export const HERE = "here";
export const accountId = (host: number, account: string): string => `account/${host}/${account}`;
export const keyId = (fingerprint: string): string => `key/${fingerprint}`;
export const personId = (id: number): string => `person/${id}`;
export const agentId = (id: number): string => `agent/${id}`;

/** Of ids that these functions wrote; an account's name may hold anything. */
export function readNodeId(id: string): Named {
  const slash = id.indexOf("/");
  const [kind, rest] = [id.slice(0, slash), id.slice(slash + 1)];
  if (kind === "key") return { kind, fingerprint: rest };
  if (kind === "person" || kind === "agent") return { kind, id: Number(rest) };
  if (kind !== "account") return { kind: "this-computer" };
  const end = rest.indexOf("/");
  return { kind, host: Number(rest.slice(0, end)), account: rest.slice(end + 1) };
}
