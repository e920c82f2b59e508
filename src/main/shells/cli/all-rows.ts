import { type Total, totalOnceRead } from "#shared/model/total.ts";

type ListPage<Row> = { rows: Row[]; total: Total; next: string | null };

/** The rows of a list up to a limit, page by page, and how many there are in all. */
export async function listRows<Row>(
  limit: number | undefined,
  ask: (page: { after: string | null; limit: number }) => Promise<ListPage<Row>>,
): Promise<{ rows: Row[]; total: Total }> {
  const most = limit ?? Number.POSITIVE_INFINITY;
  const rows: Row[] = [];
  let after: string | null = null;
  for (;;) {
    const page: ListPage<Row> = await ask({ after, limit: Math.min(most - rows.length, 1_000) });
    rows.push(...page.rows);
    after = page.next;
    const isEnd = after === null;
    if (isEnd || rows.length >= most)
      return { rows, total: totalOnceRead(page.total, { count: rows.length, isEnd }) };
  }
}
