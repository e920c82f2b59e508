import { Button } from "@mantine/core";
import { IconChecklist, IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { EmptyState, ErrorState, Panel } from "#renderer/ui/panel.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { useNow } from "#renderer/ui/when.tsx";
import type { ReviewRow } from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatDeciders, formatSelection } from "#shared/text/access/review.ts";
import { formatNumber } from "#shared/text/count.ts";
import { CreateDialog } from "./create-dialog.tsx";
import { route, useReviews } from "./queries.ts";
import { ReviewPage } from "./review-page.tsx";
import classes from "./reviews.module.css";

/** All reviews, or one of them. */
export function ReviewsPage() {
  const { review } = route.useSearch();
  return review === undefined ? <AllReviews /> : <ReviewPage key={review} name={review} />;
}

function AllReviews() {
  const [isCreating, setIsCreating] = useState(false);
  const { data, error, refetch } = useReviews();
  if (error) return <ErrorState doing="list the reviews" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  const create = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setIsCreating(true)}>
      New review
    </Button>
  );
  const dialog = isCreating && <CreateDialog onClose={() => setIsCreating(false)} />;
  if (data.rows.length === 0)
    return (
      <>
        <EmptyState
          Icon={IconChecklist}
          title="No review yet"
          why="A review asks of each grant and account whether it stays. What is revoked is planned, and an item is closed once a later scan has shown that it is gone."
          action={create}
        />
        {dialog}
      </>
    );
  const open = data.rows.filter(({ endedAt }) => endedAt === null).toReversed();
  const over = data.rows.filter(({ endedAt }) => endedAt !== null);
  return (
    <div className={classes.page}>
      <Panel title="Open reviews" action={create}>
        {open.length === 0 ? <p className={classes.dim}>All have ended.</p> : <ReviewTable reviews={open} />}
      </Panel>
      {over.length > 0 && (
        <Panel title="Ended reviews">
          <ReviewTable reviews={over} />
        </Panel>
      )}
      {dialog}
    </div>
  );
}

function ReviewTable({ reviews }: { reviews: readonly ReviewRow[] }) {
  const now = toInstant(useNow());
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Review</th>
            <th>What</th>
            <th>Who decides</th>
            <th>Decided</th>
            <th>Due</th>
          </tr>
        </thead>
        <tbody>
          {reviews.map((review) => (
            <tr key={review.name}>
              <td>
                <TextLink>
                  <Link to="/reviews" search={{ review: review.name }}>
                    {review.name}
                  </Link>
                </TextLink>
              </td>
              <td>
                <Untrusted text={formatSelection(review.selection)} limit={120} />
              </td>
              <td>
                <Untrusted text={formatDeciders(review.deciders)} limit={120} />
              </td>
              <td className={classes.number}>
                {formatNumber(review.decided)} of {formatNumber(review.items)}
              </td>
              <td className={review.endedAt === null && review.dueAt < now ? classes.late : undefined}>
                {review.endedAt === null
                  ? `${review.dueAt.slice(0, 10)}${review.dueAt < now ? ", late" : ""}`
                  : `ended ${review.endedAt.slice(0, 10)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
