import type { Location } from "#domain/server-configs/configuration.ts";

/** A parameter of main.cf, or one that a line of master.cf sets for its service. */
export type Parameter = { value: string; at: Location };
export type ParameterTable = ReadonlyMap<string, Parameter>;

/** A line of main.cf or master.cf with the lines that continue it: they begin with a blank. */
export function* readLogicalLines(text: string): Generator<{ text: string; line: number }, void> {
  let open: { parts: string[]; line: number } | null = null;
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const isMore = raw.startsWith(" ") || raw.startsWith("\t");
    const part = raw.trim();
    if (part === "" || part.startsWith("#")) continue;
    if (isMore && open) open.parts.push(part);
    else {
      if (open) yield { text: open.parts.join(" "), line: open.line };
      open = { parts: [part], line };
    }
  }
  if (open) yield { text: open.parts.join(" "), line: open.line };
}

/** The parameters of main.cf: of one that is set twice, the later one holds. */
export function readMain(text: string, file: string): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  for (const { text: whole, line } of readLogicalLines(text)) {
    const equals = whole.indexOf("=");
    if (equals < 0) continue;
    const [name, value] = [whole.slice(0, equals).trim(), whole.slice(equals + 1).trim()];
    parameters.set(name, { value, at: { file, line } });
  }
  return parameters;
}

/** Postfix's defaults of the parameters that concern certificates. */
const BUILT_IN = new Map(
  Object.entries({
    inet_interfaces: "all",
    inet_protocols: "all",
    smtpd_tls_cert_file: "",
    smtpd_tls_key_file: "$smtpd_tls_cert_file",
    smtpd_tls_dcert_file: "",
    smtpd_tls_dkey_file: "$smtpd_tls_dcert_file",
    smtpd_tls_eccert_file: "",
    smtpd_tls_eckey_file: "$smtpd_tls_eccert_file",
    smtpd_tls_chain_files: "",
    smtpd_tls_CAfile: "",
    smtpd_tls_security_level: "",
    smtpd_tls_wrappermode: "no",
    smtpd_use_tls: "no",
    smtpd_enforce_tls: "no",
    postscreen_tls_security_level: "$smtpd_tls_security_level",
    tlsproxy_tls_cert_file: "$smtpd_tls_cert_file",
    tlsproxy_tls_key_file: "$smtpd_tls_key_file",
    tlsproxy_tls_dcert_file: "$smtpd_tls_dcert_file",
    tlsproxy_tls_dkey_file: "$smtpd_tls_dkey_file",
    tlsproxy_tls_eccert_file: "$smtpd_tls_eccert_file",
    tlsproxy_tls_eckey_file: "$smtpd_tls_eckey_file",
    tlsproxy_tls_chain_files: "$smtpd_tls_chain_files",
    tls_server_sni_maps: "",
  }),
);

const MOST_STEPS = 1_000;
const MOST_CHARACTERS = 16 * 1024;
const MOST_DEPTH = 20;
const VARIABLE = /\$(?:\$|\{((?:[^{}]|\{[^{}]*\})*)\}|\((\w*)\)|(\w+))?/g;

/**
 * The value of a parameter with all others expanded in it; null where one of them is not known. The first table that
 * has a parameter counts. Of conditions, `${name?text}`, `${name:text}` and `${name?{text}:{text}}` are evaluated.
 */
export function findValue(name: string, tables: readonly ParameterTable[]): string | null {
  let steps = MOST_STEPS;
  return follow(name, 0);

  function follow(parameter: string, depth: number): string | null {
    const written = find(parameter, tables)?.value ?? BUILT_IN.get(parameter);
    if (written === undefined || steps-- <= 0 || depth > MOST_DEPTH) return null;
    return putIn(written, depth);
  }

  function putIn(text: string, depth: number): string | null {
    let isKnown = true;
    const put = text.replace(VARIABLE, (whole, braced?: string, round?: string, bare?: string) => {
      if (whole === "$$" || !isKnown) return "$";
      const value = readVariable(braced ?? round ?? bare ?? "", depth);
      if (value === null) isKnown = false;
      return value ?? "";
    });
    return isKnown && put.length <= MOST_CHARACTERS ? put : null;
  }

  function readVariable(text: string, depth: number): string | null {
    const condition = /^(\w+)([?:])(.*)$/s.exec(text);
    const value = follow(condition?.[1] ?? text, depth + 1);
    if (!condition || value === null) return value;
    const [, , sign, written = ""] = condition;
    const braced = /^\{([^{}]*)\}(?::\{([^{}]*)\})?$/.exec(written);
    const [first, second = ""] = braced ? [braced[1], braced[2]] : [written];
    return putIn(((value !== "") === (sign === "?") ? first : second) ?? "", depth + 1);
  }
}

export const find = (name: string, tables: readonly ParameterTable[]): Parameter | undefined =>
  tables.find((table) => table.has(name))?.get(name);
