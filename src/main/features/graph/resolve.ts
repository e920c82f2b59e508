import { Refusal } from "#shared/model/refusal.ts";
import { THIS_COMPUTER } from "#shared/text/graph-node.ts";
import { accountId, HERE, keyId, personId } from "#store/graph/node-finder.ts";
import type { Store } from "#store/store.ts";

/** What one begins with at a host: its root, or where nobody is known to be that, any account. */
type End = "start" | "goal";

/** The things that a name means. A host as a start is whoever is root there; as a goal it is any account of it. */
export function resolveName(graph: Store["graph"], text: string, end: End): string[] {
  const name = text.trim();
  if (name === THIS_COMPUTER) return [HERE];
  if (name.startsWith("SHA256:")) return [findKey(graph, name)];
  if (name.startsWith("person:")) return findPeople(graph, name.slice("person:".length).trim());
  // An account may be called after an address: the last @ is what stands before the host.
  const at = name.lastIndexOf("@");
  return at > 0 ? [findAccount(graph, name.slice(0, at), name.slice(at + 1))] : findHost(graph, name, end);
}

function findKey(graph: Store["graph"], fingerprint: string): string {
  if (graph.isKey(fingerprint)) return keyId(fingerprint);
  throw new Refusal("not-found", `no key ${fingerprint} was seen; write its whole fingerprint`);
}

function findPeople(graph: Store["graph"], name: string): string[] {
  const found = graph.peopleNamed(name).map(personId);
  if (found.length > 0) return found;
  throw new Refusal("not-found", `no roster has a person called ${name}; latchkey people list names them`);
}

function findAccount(graph: Store["graph"], account: string, host: string): string {
  const id = placeHost(graph, host);
  if (graph.hasAccount(id, account)) return accountId(id, account);
  throw new Refusal("not-found", `${host} has no account ${account} that was seen`);
}

function findHost(graph: Store["graph"], name: string, end: End): string[] {
  const id = placeHost(graph, name);
  const roots = end === "start" ? graph.rootsOf(id) : [];
  const found = roots.length > 0 ? roots : graph.accountsOf(id);
  if (found.length > 0) return found;
  throw new Refusal("not-found", `no account of ${name} was read yet; scan it first`);
}

/** `web1`, `web1:2222`, `[2001:db8::1]:22`, `2001:db8::1`. */
function placeHost(graph: Store["graph"], text: string): number {
  const [, bracketed, plain, digits] = /^(?:\[(.*)\]|(.*?))(?::(\d{1,5}))?$/s.exec(text) ?? [];
  const candidates = [
    { name: text, port: null },
    { name: bracketed ?? plain ?? "", port: digits === undefined ? null : Number(digits) },
  ];
  for (const { name, port } of candidates) {
    const found = graph.hostsNamed(name).filter((one) => port === null || one.port === port);
    const [only] = found;
    if (only && found.length === 1) return only.id;
    const usual = found.find((one) => one.port === 22);
    if (usual) return usual.id;
    if (only)
      throw new Refusal(
        "conflict",
        `${name} was visited on several ports; write one, such as ${name}:${only.port}`,
      );
  }
  throw new Refusal("not-found", `no host ${text} was visited; latchkey hosts names those that were`);
}
