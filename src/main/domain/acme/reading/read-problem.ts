import { cutAt } from "#shared/text/cut-text.ts";
import { type Fields, fieldsOf, openJson, textOf } from "./open-json.ts";

/** Why an authority refuses, in its own words (RFC 7807). */
export type AcmeProblem = {
  /** Without what all of them begin with: `rateLimited`; null where it is none of ACME's. */
  type: string | null;
  detail: string;
  /** What it says of one name each. */
  parts: { name: string; detail: string }[];
};

const PREFIX = "urn:ietf:params:acme:error:";
const MOST_DETAIL = 600;
const MOST_PARTS = 20;

/** What a refused request was answered with; whatever cannot be read of it is left out. */
export function readProblem(status: number, bytes: Uint8Array): AcmeProblem {
  const problem = readProblemFields(openJson(bytes));
  return problem ?? { type: null, detail: `it answers ${status} and says no reason`, parts: [] };
}

/** A problem inside of an order or a challenge; null where there is none. */
export function readProblemFields(value: unknown): AcmeProblem | null {
  const fields = fieldsOf(value);
  if (!fields) return null;
  const type = textOf(fields.type, 200);
  const detail = readDetail(fields);
  const parts = Array.isArray(fields.subproblems) ? fields.subproblems.slice(0, MOST_PARTS) : [];
  if (type === null && detail === null) return null;
  return {
    type: type?.startsWith(PREFIX) ? type.slice(PREFIX.length) : null,
    detail: detail ?? type ?? "",
    parts: parts.flatMap(readPart),
  };
}

function readPart(value: unknown): AcmeProblem["parts"] {
  const fields = fieldsOf(value);
  const name = textOf(fieldsOf(fields?.identifier)?.value, 255);
  const detail = fields && readDetail(fields);
  return name && detail ? [{ name, detail }] : [];
}

function readDetail({ detail, title }: Fields): string | null {
  const text = textOf(detail, 100_000) ?? textOf(title, 100_000);
  return text && cutAt(text.replace(/\s+/g, " ").trim(), MOST_DETAIL);
}
