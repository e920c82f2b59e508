import { RowLink, ScreenName } from "#shared/model/row-link.ts";

/**
 * What the router goes to for a link. Each screen reads its own search by its own schema, so the type names one of
 * them for all. Ids that are numbers are numbers in an address.
 */
export function toAddress({ screen, open }: RowLink) {
  const id = open !== null && HAS_NUMBERS.has(screen) ? Number(open) : open;
  return {
    to: screen === "overview" ? "/" : `/${screen}`,
    search: open === null ? {} : { open: id },
  } as { to: "/hosts"; search: { open?: number } };
}

const HAS_NUMBERS: ReadonlySet<ScreenName> = new Set(["access", "hosts", "people", "runbooks", "scans"]);

/** The link to what an address shows: its screen, and the row that is open. Null for an address of no screen. */
export function toRowLink({ pathname, search }: { pathname: string; search: object }): RowLink | null {
  const screen = ScreenName.safeParse(pathname === "/" ? "overview" : pathname.slice(1)).data;
  const open = "open" in search && search.open !== undefined ? String(search.open) : null;
  return RowLink.safeParse({ screen, open }).data ?? null;
}
