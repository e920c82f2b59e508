type ListPage<Row> = { rows: Row[]; total: number; next: string | null };

/** The rows of a list up to a limit, page by page, and how many there are in all. */
export async function listRows<Row>(
  limit: number | undefined,
  ask: (page: { after: string | null; limit: number }) => Promise<ListPage<Row>>,
): Promise<{ rows: Row[]; total: number }> {
  const most = limit ?? Number.POSITIVE_INFINITY;
  const rows: Row[] = [];
  let after: string | null = null;
  for (;;) {
    const page: ListPage<Row> = await ask({ after, limit: Math.min(most - rows.length, 1_000) });
    rows.push(...page.rows);
    after = page.next;
    if (after === null || rows.length >= most) return { rows, total: page.total };
  }
}
