import { Button, Menu } from "@mantine/core";
import {
  IconArchive,
  IconArrowLeft,
  IconChecklist,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconDownload,
  IconUpload,
  IconUserShare,
  type TablerIcon,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { reviewKeys } from "#renderer/api/filter-keys.ts";
import { Dim, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { HostCell } from "#renderer/ui/host-name.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { type Column, download } from "#renderer/ui/table/column.ts";
import { Facet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { Tag, type Tone } from "#renderer/ui/tag.tsx";
import { beginLarge, TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { useNow } from "#renderer/ui/when.tsx";
import {
  type PlanWhat,
  type ReviewChoice,
  type ReviewDetail,
  type ReviewItem,
  ReviewItemState,
} from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import {
  formatDecision,
  formatLeftOut,
  formatOutcomeOf,
  formatReviewed,
  formatSelection,
  formatStates,
  STATE_WORDS,
  toFileWord,
  UNKNOWN_REVIEWER,
} from "#shared/text/access/review.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { DecideDialog } from "./decide-dialog.tsx";
import { ItemDrawer } from "./drawer.tsx";
import { EvidenceDialog } from "./evidence-dialog.tsx";
import { route, type Search, useExport, useItems, useReview } from "./queries.ts";
import { EndDialog, ImportDialog, PlanDialog } from "./review-dialogs.tsx";
import classes from "./reviews.module.css";

const STATES: Record<ReviewItemState, { tone: Tone; Icon: TablerIcon }> = {
  open: { tone: "amber", Icon: IconCircleDashed },
  kept: { tone: "green", Icon: IconCircleCheck },
  "to-reassign": { tone: "blue", Icon: IconUserShare },
  reassigned: { tone: "green", Icon: IconUserShare },
  "to-revoke": { tone: "red", Icon: IconCircleX },
  planned: { tone: "blue", Icon: IconClock },
  "to-disable": { tone: "red", Icon: IconCircleX },
  closed: { tone: "green", Icon: IconCircleCheck },
};

const STATE_OPTIONS = ReviewItemState.options.map((value) => ({
  value,
  label: beginLarge(STATE_WORDS[value]),
}));

const idOf = ({ item }: ReviewItem): string => String(item);

const BY_ITEM = { by: "item", descending: false };

type Asking = { choice: ReviewChoice; items: readonly ReviewItem[]; onDone: () => void };

/** One review: how far it has come, what it is about, and what is decided. */
export function ReviewPage({ name }: { name: string }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: review, error, refetch } = useReview(name);
  const { list, fetchAll, commands } = useItems(name, search);
  const [asking, setAsking] = useState<Asking | null>(null);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  if (error) return <ErrorState doing="show this review" error={error} onRetry={() => void refetch()} />;
  if (!review) return null;
  const isOpen = review.endedAt === null;
  const decideBy = (choice: ReviewChoice, onDone: () => void) => (items: ReviewItem[]) =>
    isOpen && setAsking({ choice, items, onDone });
  const done = () => undefined;
  const reviewers = review.reviewers.map((one) => ({ value: one.name, label: one.name }));
  return (
    <div className={classes.review}>
      <ReviewHead review={review} />
      <ListScreen
        name="items"
        columns={COLUMNS}
        list={list}
        rowId={idOf}
        sort={BY_ITEM}
        onSort={done}
        address={search}
        filterKeys={reviewKeys(review.reviewers.map((one) => one.name))}
        searchHint="Search accounts, hosts, keys"
        onFilter={change}
        openId={search.open === undefined ? null : String(search.open)}
        onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
        fetchAll={fetchAll}
        commands={commands}
        keys={{ k: decideBy("keep", done), r: decideBy("revoke", done), a: decideBy("reassign", done) }}
        actions={(rows, clear) =>
          isOpen && <Choices onChoose={(choice) => decideBy(choice, clear)(rows)} isSubtle />
        }
        filters={
          <>
            <Facet
              title="State"
              value={search.state}
              options={STATE_OPTIONS}
              onChange={(state) => change({ state })}
            />
            {reviewers.length > 1 && (
              <Facet
                title="Reviewer"
                value={search.reviewer}
                options={reviewers}
                onChange={(reviewer) => change({ reviewer })}
              />
            )}
          </>
        }
        empty={
          <Nothing
            Icon={IconChecklist}
            one="item"
            search={{ search: search.search, state: search.state, reviewer: search.reviewer }}
            onClear={() => void navigate({ to: ".", search: { review: name } })}
            title="No item"
            why="This review has no item."
            action={null}
          />
        }
        drawer={
          search.open !== undefined && (
            <ItemDrawer
              review={name}
              item={search.open}
              onClose={() => change({ open: undefined })}
              actions={(item) => isOpen && <Choices onChoose={(choice) => decideBy(choice, done)([item])} />}
            />
          )
        }
      />
      {asking && <DecideDialog review={name} {...asking} onClose={() => setAsking(null)} />}
    </div>
  );
}

function Choices({
  onChoose,
  isSubtle = false,
}: {
  onChoose: (choice: ReviewChoice) => void;
  isSubtle?: boolean;
}) {
  const buttonProps = isSubtle
    ? ({ variant: "subtle", size: "compact-sm" } as const)
    : ({ variant: "default", size: "xs" } as const);
  return (
    <>
      <Button {...buttonProps} onClick={() => onChoose("keep")} aria-keyshortcuts="k">
        Keep
      </Button>
      <Button {...buttonProps} onClick={() => onChoose("revoke")} aria-keyshortcuts="r">
        Revoke
      </Button>
      <Button {...buttonProps} onClick={() => onChoose("reassign")} aria-keyshortcuts="a">
        Reassign
      </Button>
    </>
  );
}

function ReviewHead({ review }: { review: ReviewDetail }) {
  const now = toInstant(useNow());
  const { name, endedAt, dueAt, items, decided, leftOut, reviewers } = review;
  const isLate = endedAt === null && dueAt < now;
  return (
    <header className={classes.head}>
      <div className={classes.words}>
        <TextLink>
          <Link to="/reviews" search={{}}>
            <IconArrowLeft size={14} aria-hidden /> All reviews
          </Link>
        </TextLink>
        <h2 className={classes.title}>{name}</h2>
        <p>
          <Untrusted text={beginLarge(formatSelection(review.selection))} limit={120} />;{" "}
          {formatNumber(decided)} of {formatCount(items, "item")} decided,{" "}
          <span className={isLate ? classes.late : undefined}>
            {endedAt === null
              ? `due ${dueAt.slice(0, 10)}${isLate ? ", late" : ""}`
              : `ended ${endedAt.slice(0, 10)}`}
          </span>
        </p>
        <p className={classes.dim}>
          {formatStates(review.states)}
          {leftOut > 0 && `; ${formatLeftOut(leftOut)}`}
        </p>
        <ul className={classes.reviewers} aria-label="Reviewers">
          {reviewers.map((one) => (
            <li key={one.name}>
              <Untrusted text={one.name} limit={60} />: {formatNumber(one.decided)} of{" "}
              {formatNumber(one.items)}
              {one.isUnknown && <span className={classes.dim}> ({UNKNOWN_REVIEWER})</span>}
            </li>
          ))}
        </ul>
      </div>
      <ReviewActions review={review} />
    </header>
  );
}

function ReviewActions({ review }: { review: ReviewDetail }) {
  const { name, endedAt, states, plans } = review;
  const [dialog, setDialog] = useState<PlanWhat | "import" | "evidence" | "end" | null>(null);
  const count = (of: readonly ReviewItemState[]) =>
    states.reduce((sum, one) => (of.includes(one.state) ? sum + one.count : sum), 0);
  const grants = count(["to-revoke", "to-reassign"]);
  const accounts = count(["to-disable"]);
  const last = plans.at(-1);
  return (
    <div className={classes.actions}>
      {grants > 0 && (
        <Button size="xs" onClick={() => setDialog("grants")}>
          Plan {formatCount(grants, "decision")}
        </Button>
      )}
      {accounts > 0 && (
        <Button size="xs" onClick={() => setDialog("accounts")}>
          Disable {formatCount(accounts, "account")}
        </Button>
      )}
      {last && (
        <Button
          size="xs"
          variant="default"
          renderRoot={(props) =>
            last.run === null ? (
              <Link to="/runs/plan" search={{ id: last.planId }} {...props} />
            ) : (
              <Link to="/runs" search={{ open: last.run.id }} {...props} />
            )
          }
        >
          {last.run === null ? "Its plan" : "Its run"}
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconArchive size={15} />}
        onClick={() => setDialog("evidence")}
      >
        Evidence
      </Button>
      {endedAt === null && (
        <>
          <ForReviewer review={review} />
          <Button
            size="xs"
            variant="default"
            leftSection={<IconUpload size={15} />}
            onClick={() => setDialog("import")}
          >
            Import an answer
          </Button>
          <Button size="xs" variant="default" onClick={() => setDialog("end")}>
            End
          </Button>
        </>
      )}
      {(dialog === "grants" || dialog === "accounts") && (
        <PlanDialog
          review={name}
          what={dialog}
          count={dialog === "accounts" ? accounts : grants}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "import" && <ImportDialog onClose={() => setDialog(null)} />}
      {dialog === "evidence" && <EvidenceDialog review={review} onClose={() => setDialog(null)} />}
      {dialog === "end" && <EndDialog review={review} onClose={() => setDialog(null)} />}
    </div>
  );
}

/** One file for somebody who decides without Latchkey. */
function ForReviewer({ review: { name, reviewers } }: { review: ReviewDetail }) {
  const { mutate, isPending } = useExport();
  const open = reviewers.filter(({ items, decided }) => decided < items);
  if (open.length === 0) return null;
  const save = (reviewer: string) =>
    mutate(
      { review: name, reviewer },
      {
        onSuccess: ({ html }) => download(`${name}-${toFileWord(reviewer)}.html`, "text/html", html),
        onError: ({ message }) => toast(message),
      },
    );
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" loading={isPending} leftSection={<IconDownload size={15} />}>
          File for a reviewer
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {open.map((one) => (
          <Menu.Item key={one.name} onClick={() => save(one.name)}>
            <Untrusted text={one.name} limit={60} />: {formatCount(one.items - one.decided, "item")}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const COLUMNS: readonly Column<ReviewItem>[] = [
  {
    id: "item",
    title: "Item",
    minWidth: 54,
    isNumber: true,
    cell: ({ item }) => <NumberCell value={item} />,
    text: ({ item }) => String(item),
  },
  {
    id: "host",
    title: "Host",
    minWidth: 110,
    grow: 1,
    cell: ({ evidence: { host, port } }) => <HostCell host={host} port={port} />,
    text: ({ evidence }) => evidence.host,
  },
  {
    id: "what",
    title: "Grant or account",
    minWidth: 220,
    grow: 3,
    cell: ({ evidence }) => <TextCell text={formatReviewed(evidence)} />,
    text: ({ evidence }) => formatReviewed(evidence),
  },
  {
    id: "use",
    title: "Use",
    minWidth: 90,
    cell: ({ evidence }) => <TextCell text={lastUseOf(evidence)} isDim />,
    text: ({ evidence }) => lastUseOf(evidence),
  },
  {
    id: "reviewer",
    title: "Reviewer",
    minWidth: 100,
    grow: 1,
    cell: ({ reviewer }) => <TextCell text={reviewer} />,
    text: ({ reviewer }) => reviewer,
  },
  {
    id: "state",
    title: "State",
    minWidth: 118,
    cell: ({ state }) => (
      <Tag tone={STATES[state].tone} Icon={STATES[state].Icon}>
        {beginLarge(STATE_WORDS[state])}
      </Tag>
    ),
    text: formatOutcomeOf,
  },
  {
    id: "decision",
    title: "Decision",
    minWidth: 180,
    grow: 3,
    cell: ({ decision }) =>
      decision === null ? <Dim>none yet</Dim> : <TextCell text={formatDecision(decision)} />,
    text: ({ decision }) => (decision === null ? "" : formatDecision(decision)),
  },
];

function lastUseOf(evidence: ReviewItem["evidence"]): string {
  if (evidence.kind === "account")
    return evidence.lastLoginAt?.slice(0, 10) ?? (evidence.logs.length === 0 ? "unknown" : "none logged");
  return evidence.use.at?.slice(0, 10) ?? evidence.use.state;
}
