import { Endpoint } from "../model/endpoint.ts";
import { ScanId } from "../model/scan.ts";
import { TlsTarget } from "../model/target.ts";
import { listOf, Page } from "./paging.ts";
import { query } from "./procedure.ts";

export const endpoints = {
  find: query.input(TlsTarget.omit({ kind: true })).output(Endpoint),

  /** Those that showed a chain in this scan, in the order of their visits, with what is known of them now. */
  ofScan: query.input(Page.extend({ scanId: ScanId })).output(listOf(Endpoint)),
};
