import type { Listen, Place } from "#domain/server-configs/configuration.ts";
import type { Section } from "./sections.ts";

/** One port of a protocol, with the addresses that it is listened at. */
export type Listener = {
  /** As Dovecot calls it: imap, pop3, submission, sieve, lmtp. */
  protocol: string;
  isTls: boolean;
  listens: Listen[];
  at: Place | null;
};

type Port = { name: string; port: number; isTls: boolean; addresses: string | null; at: Place | null };

const SERVICES: { [service: string]: string } = {
  "imap-login": "imap",
  "pop3-login": "pop3",
  "submission-login": "submission",
  "managesieve-login": "sieve",
  lmtp: "lmtp",
};

const usual = (name: string, port: number, isTls = false): Port => ({
  name,
  port,
  isTls,
  addresses: null,
  at: null,
});

/** What listens without being asked to, once its protocol is switched on. */
const USUAL: { [protocol: string]: readonly Port[] } = {
  imap: [usual("imap", 143), usual("imaps", 993, true)],
  pop3: [usual("pop3", 110), usual("pop3s", 995, true)],
  submission: [usual("submission", 587), usual("submissions", 465, true)],
  sieve: [usual("sieve", 4190)],
  lmtp: [],
};

/** Versions before 2.4 have these protocols where none are named, and 2.4 has none. */
const OLD_PROTOCOLS = "imap pop3 lmtp";

export function readListeners(whole: Section): Listener[] {
  const everywhere = whole.settings.get("listen")?.value ?? "*, ::";
  return readProtocols(whole).flatMap((protocol) => {
    const ports = new Map((USUAL[protocol] ?? []).map((port) => [port.name, port]));
    for (const section of servicesOf(whole, protocol))
      for (const inner of section.sections) takeListener(ports, inner);
    return [...ports.values()]
      .filter(({ port }) => port > 0)
      .map(({ port, isTls, addresses, at }) => ({
        protocol,
        isTls,
        listens: toListens(addresses ?? everywhere, port),
        at,
      }));
  });
}

/** `protocols = imap lmtp`, or one by one in a block since 2.4. */
function readProtocols(whole: Section): string[] {
  const isNew = whole.settings.has("dovecot_config_version");
  const written = whole.settings.get("protocols")?.value ?? null;
  const one = new Map<string, boolean>();
  for (const section of whole.sections.filter(({ words }) => words.length === 1 && words[0] === "protocols"))
    for (const { name, value } of section.settings.values()) one.set(name, value === "yes");
  const usualOnes = one.size === 0 && !isNew ? OLD_PROTOCOLS : "";
  for (const name of (written ?? usualOnes).split(/[ \t,]+/)) if (!one.has(name)) one.set(name, true);
  return [...one].flatMap(([name, isOn]) => (isOn && Object.hasOwn(USUAL, name) ? [name] : []));
}

const servicesOf = (whole: Section, protocol: string): Section[] =>
  whole.sections.filter(
    ({ words: [kind, name = ""] }) => kind === "service" && (SERVICES[name] ?? "") === protocol,
  );

function takeListener(ports: Map<string, Port>, { words, settings, at }: Section): void {
  const [kind, name = ""] = words;
  if (kind !== "inet_listener") return;
  const known = ports.get(name) ?? usual(name, 0);
  const port = settings.get("port")?.value;
  const tls = settings.get("ssl")?.value;
  ports.set(name, {
    name,
    port: port === undefined ? known.port : toPort(port),
    isTls: tls === undefined ? known.isTls : tls === "yes",
    addresses: (settings.get("listen") ?? settings.get("address"))?.value ?? known.addresses,
    at,
  });
}

const toPort = (text: string): number => (/^\d{1,5}$/.test(text) ? Number(text) : 0);

const toListens = (addresses: string, port: number): Listen[] =>
  addresses
    .split(/[ \t,]+/)
    .filter((address) => address !== "" && !address.startsWith("/"))
    .map((address) => ({
      address: address === "*" ? "0.0.0.0" : address.replace(/^\[(.*)\]$/, "$1").toLowerCase(),
      port,
      isDefault: true,
    }));
