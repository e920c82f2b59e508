import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Asn1Node } from "#shared/model/asn1-node.ts";
import classes from "./asn1-tree.module.css";
import { useAsn1Level } from "./queries.ts";

type Props = { sha256: string; chosen: number | null; onChoose: (node: Asn1Node) => void };

type LevelProps = Props & {
  /** Of the element whose parts these are; null for the outermost. */
  offset: number | null;
  /** From 1. */
  depth: number;
};

/** So deep it is open to begin with: the certificate, and its three parts. */
const OPEN_DEPTH = 2;

/**
 * A tree by the keys of one: up and down, right opens or goes in, left closes or goes out. Each level is asked for when
 * it is opened, a hundred elements at a time.
 */
export function Asn1Tree(props: Props) {
  return (
    <div className={classes.frame}>
      <div role="tree" aria-label="ASN.1" className={classes.tree} onKeyDown={moveByKey}>
        <Level {...props} offset={null} depth={1} />
      </div>
    </div>
  );
}

function Level({ offset, depth, ...props }: LevelProps) {
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useAsn1Level(props.sha256, offset);
  if (error) return <ErrorState doing="show these elements" error={error} />;
  const pages = data?.pages ?? [];
  const broken = pages.at(-1)?.broken;
  return (
    <>
      {pages
        .flatMap(({ nodes }) => nodes)
        .map((node, index) => (
          <Branch
            key={node.offset}
            {...props}
            {...{ node, depth }}
            isFirst={offset === null && index === 0}
          />
        ))}
      {hasNextPage && (
        <button
          type="button"
          className={classes.more}
          disabled={isFetching}
          onClick={() => void fetchNextPage()}
        >
          Show more
        </button>
      )}
      {broken && (
        <div className={classes.broken}>
          From byte {broken.offset} on this is no DER: {broken.bytes.toLocaleString("en")} bytes are left.
        </div>
      )}
    </>
  );
}

type BranchProps = Props & { node: Asn1Node; depth: number; isFirst: boolean };

function Branch({ node, depth, isFirst, ...props }: BranchProps) {
  const { offset, tag, value, isOpenable, isWrapping, headerBytes, contentBytes } = node;
  const [isOpen, setIsOpen] = useState(isOpenable && !isWrapping && depth <= OPEN_DEPTH);
  const isChosen = props.chosen === offset;
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <div
      role="treeitem"
      aria-level={depth}
      aria-selected={isChosen}
      aria-label={`${tag} ${value}`.trim().slice(0, 200)}
      {...(isOpenable && { "aria-expanded": isOpen })}
      // One of them is on the way of the Tab key: the chosen one, or else the first.
      tabIndex={isChosen || (props.chosen === null && isFirst) ? 0 : -1}
      className={classes.item}
      onFocus={(event) => {
        if (event.target === event.currentTarget) props.onChoose(node);
      }}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget || !isOpenable) return;
        if (event.key === "ArrowRight" && !isOpen) setIsOpen(true);
        else if (event.key === "ArrowLeft" && isOpen) setIsOpen(false);
        else if (event.key === "Enter" || event.key === " ") setIsOpen(!isOpen);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the tree item around it */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the tree item around it */}
      <div
        className={classes.row}
        style={{ paddingInlineStart: 6 + 14 * (depth - 1) }}
        title={`at byte ${offset}: ${headerBytes} + ${contentBytes} bytes`}
        onClick={(event) => {
          event.currentTarget.parentElement?.focus();
          if (isOpenable) setIsOpen(!isOpen);
        }}
      >
        <span className={classes.chevron}>{isOpenable && <Chevron size={14} aria-hidden />}</span>
        <span className={classes.tag}>
          {tag}
          {isWrapping && <span className={classes.wraps}> holds DER</span>}
        </span>
        <span className={classes.value}>
          {value ? (
            <Untrusted text={value} limit={120} isCut isMono={/[0-9A-F]{2} [0-9A-F]{2} /.test(value)} />
          ) : null}
        </span>
        <span className={classes.offset}>{offset}</span>
      </div>
      {isOpen && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is no group of a tree
        <div role="group">
          <Level {...props} offset={offset} depth={depth + 1} />
        </div>
      )}
    </div>
  );
}

/** Where a key leads among the items that are shown. */
function moveByKey(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="treeitem"]')];
  const at = items.indexOf(event.target as HTMLElement);
  const current = items[at];
  if (!current) return;
  const parent = current.parentElement?.closest<HTMLElement>('[role="treeitem"]');
  const wanted: Record<string, HTMLElement | null | undefined> = {
    ArrowDown: items[at + 1],
    ArrowUp: items[at - 1],
    ArrowRight: current.querySelector<HTMLElement>('[role="treeitem"]'),
    ArrowLeft: parent,
    Home: items[0],
    End: items.at(-1),
  };
  if (!(event.key in wanted)) return;
  // The list beside the drawer would go to another row.
  event.preventDefault();
  event.stopPropagation();
  wanted[event.key]?.focus();
}
