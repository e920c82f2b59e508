import { Severity } from "../model/finding.ts";

/** From the most severe down to this one. */
export const atLeast = (severity: Severity): Severity[] =>
  Severity.options.slice(0, Severity.options.indexOf(severity) + 1);
