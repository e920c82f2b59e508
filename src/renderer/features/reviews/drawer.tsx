import { Button } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Drawer, Fact, Facts, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { ReviewItem } from "#shared/model/access/review.ts";
import {
  formatDecision,
  formatOutcomeOf,
  formatReviewed,
  formatWait,
  listFacts,
  STATE_MEANINGS,
} from "#shared/text/access/review.ts";
import { useItem } from "./queries.ts";
import classes from "./reviews.module.css";

type Props = {
  review: string;
  item: number;
  onClose: () => void;
  actions: (item: ReviewItem) => ReactNode;
};

/** What is known of an item since the review was created, and what was decided. */
export function ItemDrawer({ review, item, onClose, actions }: Props) {
  const { data, error } = useItem(review, item);
  return (
    <Drawer
      label="item"
      title={data ? <Untrusted text={formatReviewed(data.evidence)} limit={200} /> : `Item ${item}`}
      subtitle={data && <>Item {data.item}</>}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this item" error={error} />}
      {data && (
        <>
          <div className={classes.actions}>
            {actions(data)}
            <Now item={data} />
          </div>
          <Section title="Decision">
            <Facts>
              <Fact name="Reviewer">
                <Untrusted text={data.reviewer} />
              </Fact>
              <Fact name="Decided">
                <Untrusted
                  text={data.decision === null ? "not yet" : formatDecision(data.decision)}
                  limit={700}
                />
              </Fact>
              <Fact name="State">
                <Untrusted text={`${formatOutcomeOf(data)}: ${STATE_MEANINGS[data.state]}`} limit={700} />
              </Fact>
              {data.waitsFor && data.state !== "planned" && (
                <Fact name="By the last scan">
                  <Untrusted text={formatWait(data.waitsFor)} limit={700} />
                </Fact>
              )}
            </Facts>
          </Section>
          <Section title="As it was when the review was created">
            <Facts>
              {listFacts(data.evidence).map(({ name, value }) => (
                <Fact key={name} name={name}>
                  <Untrusted text={value} limit={700} />
                </Fact>
              ))}
            </Facts>
          </Section>
        </>
      )}
    </Drawer>
  );
}

/** Where it is shown as it is now. */
function Now({ item: { about, evidence } }: { item: ReviewItem }) {
  const buttonProps = { variant: "default", size: "xs", rightSection: <IconArrowRight size={15} /> } as const;
  return (
    <Button
      {...buttonProps}
      renderRoot={(props) =>
        evidence.kind === "grant" ? (
          <Link to="/access" search={{ open: about }} {...props} />
        ) : (
          <Link to="/accounts" search={{ open: about }} {...props} />
        )
      }
    >
      As it is now
    </Button>
  );
}
