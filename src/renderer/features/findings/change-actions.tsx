import { Button } from "@mantine/core";
import { IconRefresh, IconTrash } from "@tabler/icons-react";
import { usePlanRequest } from "#renderer/api/plan-request.ts";
import type { Finding } from "#shared/model/finding.ts";
import { SERVED_RULES } from "#shared/model/served.ts";

type Props = {
  findings: readonly Finding[];
  look: { variant: "default" | "subtle"; size: "xs" | "compact-sm" };
};

/**
 * What a plan could do about findings: the grants among them can be removed, and the one key that they are of rotated. Where another
 * certificate is served than the one in its file, none is missing.
 */
export function ChangeActions({ findings, look }: Props) {
  const requestPlan = usePlanRequest();
  const grants = [...new Set(findings.flatMap(({ object }) => (object.kind === "grant" ? object.id : [])))];
  const keys = new Set(findings.flatMap(({ object }) => (object.kind === "key" ? object.fingerprint : [])));
  const [key] = keys;
  const certificates = [
    ...new Set(
      findings.flatMap(({ object, rule }) =>
        object.kind === "certificate" && !SERVED_RULES.has(rule) ? [object.sha256] : [],
      ),
    ),
  ];
  return (
    <>
      {key !== undefined && keys.size === 1 && (
        <Button
          {...look}
          leftSection={<IconRefresh size={15} />}
          onClick={() => requestPlan({ kind: "rotate-key", fingerprint: key })}
        >
          Rotate the key
        </Button>
      )}
      {certificates.length > 0 && (
        <Button
          {...look}
          leftSection={<IconRefresh size={15} />}
          onClick={() => requestPlan({ kind: "rotate-certificate", certificates })}
        >
          {certificates.length === 1 ? "Renew the certificate" : `Renew ${certificates.length} certificates`}
        </Button>
      )}
      {grants.length > 0 && (
        <Button
          {...look}
          leftSection={<IconTrash size={15} />}
          onClick={() => requestPlan({ kind: "remove-grants", grants })}
        >
          {grants.length === 1 ? "Remove the grant" : `Remove ${grants.length} grants`}
        </Button>
      )}
    </>
  );
}
