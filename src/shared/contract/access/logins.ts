import { z } from "zod";
import {
  EntryMethod,
  Learning,
  LoginObservation,
  LoginObservationDetail,
  LoginRow,
  LoginRule,
} from "../../model/access/login.ts";
import { command, listOf, Page, query, Search, sortedBy } from "../procedure.ts";

/** A day of a host's calendar. */
const Day = z.iso.date();

const Where = z.object({
  search: Search,
  host: z.string().max(253).nullable().default(null),
  account: z.string().max(500).nullable().default(null),
  from: z.string().max(200).nullable().default(null),
});

export const LoginFilter = Where.extend({
  method: EntryMethod.nullable().default(null),
  since: Day.nullable().default(null),
  until: Day.nullable().default(null),
});
export type LoginFilter = z.infer<typeof LoginFilter>;

export const ObservedFilter = Where.extend({
  rule: LoginRule.nullable().default(null),
  accepted: z.boolean().default(false),
});
export type ObservedFilter = z.infer<typeof ObservedFilter>;

/** So many are accepted at once. */
export const MOST_LOGINS_ACCEPTED = 1_000;

const Ids = z.array(z.int()).min(1).max(MOST_LOGINS_ACCEPTED);

export const logins = {
  /** Logins by account, key or method, address and day, as far as the logs of hosts reach; the latest day first. */
  list: query
    .input(
      LoginFilter.extend({
        sort: sortedBy(["day"]).default({ by: "day", descending: true }),
        ...Page.shape,
      }),
    )
    .output(listOf(LoginRow)),

  /** Logins that stand out and were not accepted, or those that were; the most severe first. */
  observed: query
    .input(
      ObservedFilter.extend({
        sort: sortedBy(["severity", "lastAt"]).default({ by: "severity", descending: true }),
        ...Page.shape,
      }),
    )
    .output(listOf(LoginObservation)),

  find: query.input(z.object({ id: z.int() })).output(LoginObservationDetail),

  /** Hosts, and accounts of other hosts, whose logs do not cover enough days: the first of `total`, and of `accountTotal`. */
  learning: query.input(z.object({ host: z.string().max(253).nullable().default(null) })).output(Learning),

  /** Until a day. One that was accepted before is accepted anew. */
  accept: command
    .input(z.object({ ids: Ids, reason: z.string().trim().min(1).max(500), until: Day }))
    .output(z.object({ accepted: z.int() })),

  unaccept: command.input(z.object({ ids: Ids })).output(z.object({ withdrawn: z.int() })),
};
