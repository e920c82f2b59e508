import { Button } from "@mantine/core";
import { IconCheck, IconChevronDown, IconChevronRight, IconCopy, IconDownload } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { Section, Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { useCopied } from "#renderer/ui/fingerprint.tsx";
import { HexDump } from "#renderer/ui/hex-dump.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Asn1Node, CertificateDetail } from "#shared/model/certificates/certificate.ts";
import classes from "./asn1-tree.module.css";
import { fromPem, useAsn1Level } from "./queries.ts";

/** The certificate as it is, for other programs. */
export function RawTab({ certificate: { pem, sha256 } }: { certificate: CertificateDetail }) {
  const hex = formatHex(fromPem(pem));
  const save = (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<IconDownload size={14} />}
      onClick={() => download(`${sha256.slice(0, 16)}.pem`, "application/x-pem-file", pem)}
    >
      Download
    </Button>
  );
  return (
    <>
      <Text title="PEM" text={pem.trim()} more={save} />
      <Text title="DER in hex" text={hex} />
    </>
  );
}

/** At most so much is shown; all of it is copied. */
const MOST_SHOWN = 32 * 1024;

function Text({ title, text, more }: { title: string; text: string; more?: ReactNode }) {
  const { isCopied, copy } = useCopied();
  const Icon = isCopied ? IconCheck : IconCopy;
  const actions = (
    <span>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<Icon size={14} />}
        aria-label={`Copy ${title}`}
        onClick={() => copy(text)}
      >
        {isCopied ? "Copied" : "Copy"}
      </Button>
      {more}
    </span>
  );
  return (
    <Section title={title} action={actions}>
      <Verbatim isNarrow>{text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text}</Verbatim>
    </Section>
  );
}

/** Without spaces, as xxd -r -p and openssl take it, in lines of 32 bytes. */
const formatHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .replace(/.{64}(?=.)/g, "$&\n");

/** What the certificate is made of, element by element, and the bytes of the one that is chosen. */
export function Asn1Tab({ certificate: { sha256, pem } }: { certificate: CertificateDetail }) {
  const [chosen, choose] = useState<Asn1Node | null>(null);
  return (
    <>
      <Section title="Elements">
        <Asn1Tree sha256={sha256} chosen={chosen?.offset ?? null} onChoose={choose} />
      </Section>
      {chosen && (
        <Section title={formatBytes(chosen)}>
          <HexDump
            label="Bytes of the element"
            bytes={cutOut(fromPem(pem), chosen)}
            start={chosen.offset}
            headBytes={chosen.headerBytes}
          />
        </Section>
      )}
    </>
  );
}

const cutOut = (bytes: Uint8Array, { offset, headerBytes, contentBytes }: Asn1Node): Uint8Array =>
  bytes.subarray(offset, offset + headerBytes + contentBytes);

const formatBytes = ({ tag, offset, headerBytes, contentBytes }: Asn1Node): string =>
  `${tag} at ${offset}: ${headerBytes} bytes of header, ${contentBytes.toLocaleString("en")} of content`;

type Props = { sha256: string; chosen: number | null; onChoose: (node: Asn1Node) => void };

type LevelProps = Props & {
  /** Of the element whose parts these are; null for the outermost. */
  offset: number | null;
  /** From 1. */
  depth: number;
};

/** The tree is open to this depth at first: the certificate, and its three parts. */
const OPEN_DEPTH = 2;

/**
 * A tree with the usual keys: up and down, right opens or goes in, left closes or goes out. Each level is read when it
 * is opened, a hundred elements at a time.
 */
function Asn1Tree(props: Props) {
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
            node={node}
            depth={depth}
            isFirst={offset === null && index === 0}
          />
        ))}
      {hasNextPage && (
        <Row depth={depth} onPress={() => !isFetching && void fetchNextPage()}>
          <span className={classes.more}>Show more</span>
        </Row>
      )}
      {broken && (
        <Row depth={depth}>
          <span className={classes.broken}>
            From byte {broken.offset} on this is no DER: {broken.bytes.toLocaleString("en")} bytes are left.
          </span>
        </Row>
      )}
    </>
  );
}

type BranchProps = Props & { node: Asn1Node; depth: number; isFirst: boolean };

function Branch({ node, depth, isFirst, ...props }: BranchProps) {
  const { offset, tag, value, isOpenable, isWrapping } = node;
  const [isOpen, setIsOpen] = useState(isOpenable && !isWrapping && depth <= OPEN_DEPTH);
  const isChosen = props.chosen === offset;
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <>
      <Row
        depth={depth}
        isOpen={isOpenable ? isOpen : null}
        isChosen={isChosen}
        // The Tab key stops at one item: the chosen one, or else the first.
        isReached={isChosen || (props.chosen === null && isFirst)}
        onFocus={() => props.onChoose(node)}
        onPress={() => setIsOpen(isOpenable && !isOpen)}
      >
        <span className={classes.chevron}>{isOpenable && <Chevron size={14} aria-hidden />}</span>
        <span className={classes.tag}>
          {tag}
          {isWrapping && <span className={classes.wraps}> holds DER</span>}
        </span>
        <span className={classes.value}>
          {value && <Untrusted text={value} limit={120} isCut isMono={IS_HEX.test(value)} />}
        </span>
        <span className={classes.offset} aria-hidden>
          {offset}
        </span>
      </Row>
      {isOpen && <Level {...props} offset={offset} depth={depth + 1} />}
    </>
  );
}

const IS_HEX = /^[0-9A-F]{2} [0-9A-F]{2} /;

type RowProps = {
  depth: number;
  /** Null for one that cannot be opened. */
  isOpen?: boolean | null;
  isChosen?: boolean;
  isReached?: boolean;
  onFocus?: () => void;
  onPress?: () => void;
  children: ReactNode;
};

/** An item. Those within it follow it, and differ by their level. */
function Row({
  depth,
  isOpen = null,
  isChosen = false,
  isReached = false,
  onFocus,
  onPress,
  children,
}: RowProps) {
  return (
    <div
      role="treeitem"
      aria-level={depth}
      aria-selected={isChosen}
      {...(isOpen !== null && { "aria-expanded": isOpen })}
      tabIndex={isReached ? 0 : -1}
      className={classes.row}
      style={{ paddingInlineStart: 6 + 14 * (depth - 1) }}
      onFocus={onFocus}
      onClick={onPress}
      onKeyDown={(event) => {
        const { key } = event;
        const isPress = key === "Enter" || key === " ";
        const isTurn = (key === "ArrowRight" && isOpen === false) || (key === "ArrowLeft" && isOpen === true);
        if (!isPress && !isTurn) return;
        onPress?.();
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {children}
    </div>
  );
}

/** Where a key leads among the items that are shown. */
function moveByKey(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="treeitem"]')];
  const at = items.indexOf(event.target as HTMLElement);
  const level = (item: HTMLElement | undefined) => Number(item?.ariaLevel ?? 0);
  if (at === -1) return;
  const next = items[at + 1];
  const itemByKey: Record<string, HTMLElement | undefined> = {
    ArrowDown: next,
    ArrowUp: items[at - 1],
    ArrowRight: level(next) > level(items[at]) ? next : undefined,
    ArrowLeft: items.slice(0, at).findLast((item) => level(item) < level(items[at])),
    Home: items[0],
    End: items.at(-1),
  };
  if (!(event.key in itemByKey)) return;
  // Otherwise the list beside the drawer would go to another row.
  event.preventDefault();
  event.stopPropagation();
  itemByKey[event.key]?.focus();
}
