import { Button, Group } from "@mantine/core";
import { IconRadar2, IconServerBolt } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { ServedRow } from "#shared/model/certificates/served.ts";
import type { Finding } from "#shared/model/finding.ts";
import { formatHandshake } from "#shared/text/certificates/deployment.ts";
import { type RequestDraft, usePlanRequest, useScanRequest } from "./scan-button.tsx";

type ReloadDraft = Extract<RequestDraft, { kind: "reload" }>;
type ButtonProps = { variant: "default" | "subtle"; size: "xs" | "compact-sm" };

/** Plans to reload servers. It reloads nothing: it makes a plan to review. */
export function ReloadButton({
  request,
  buttonProps,
  children = "Reload…",
}: {
  request: ReloadDraft;
  buttonProps: ButtonProps;
  children?: ReactNode;
}) {
  const requestPlan = usePlanRequest();
  return (
    <Button
      {...buttonProps}
      leftSection={<IconServerBolt size={15} />}
      title="Have its server test its configuration, reload, and show what it serves then"
      onClick={() => requestPlan(request)}
    >
      {children}
    </Button>
  );
}

/** The servers that still serve what their files no longer hold; null where no finding is about one. */
export function reloadOfFindings(
  findings: readonly Pick<Finding, "rule" | "object" | "host">[],
): ReloadDraft | null {
  const stale = findings.flatMap(({ rule, object, host }) =>
    rule === "certificate-not-reloaded" && object.kind === "certificate"
      ? [{ certificate: object.sha256, host }]
      : [],
  );
  return stale.length === 0 ? null : { kind: "reload", stale };
}

const STALE: ReadonlySet<ServedRow["state"]> = new Set(["not-reloaded", "differs"]);

/** What can be done about listeners: those that serve something else are reloaded, and those that nobody has seen probed. */
export function ServedActions({ rows }: { rows: readonly ServedRow[] }) {
  const requestScan = useScanRequest();
  const endpoints = rows.flatMap(({ sights }) =>
    sights.flatMap(({ state, host, port, serverName }) =>
      STALE.has(state) ? [{ host, port, serverName }] : [],
    ),
  );
  const isOne = rows.length === 1;
  const unseen = rows.filter(({ state }) => isOne || state === "not-seen");
  const handshakes = [...new Set(unseen.flatMap((row) => formatHandshake(row) ?? []))];
  const props = { variant: "default", size: "xs" } as const;
  if (endpoints.length + handshakes.length === 0) return null;
  return (
    <Group gap={8} mb={8}>
      {endpoints.length > 0 && <ReloadButton request={{ kind: "reload", endpoints }} buttonProps={props} />}
      {handshakes.length > 0 && (
        <Button
          {...props}
          leftSection={<IconRadar2 size={15} />}
          onClick={() => requestScan(handshakes.join("\n"))}
        >
          {handshakes.length === 1 ? "Probe this listener" : "Probe these listeners"}
        </Button>
      )}
    </Group>
  );
}
