import { z } from "zod";

/** The screens that an address can name. */
export const ScreenName = z.enum([
  "today",
  "certificates",
  "served",
  "access",
  "accounts",
  "graph",
  "changes",
  "logins",
  "people",
  "hosts",
  "host-keys",
  "scans",
  "runs",
  "findings",
  "standards",
  "timeline",
  "forecast",
  "audit-log",
  "settings",
  "issuers",
]);
export type ScreenName = z.infer<typeof ScreenName>;

/** A screen, and the row that is open there, as its list names it. Printable ASCII: ids are numbers and digests. */
export const RowLink = z.object({
  screen: ScreenName,
  open: z
    .string()
    .regex(/^[!-~]{1,200}$/)
    .nullable(),
});
export type RowLink = z.infer<typeof RowLink>;
